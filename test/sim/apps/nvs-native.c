/* In place of hw/moddable/native/store.c, which asks ESP-IDF: an image that is on no trial. */
#include "xsmc.h"

void xs_store_trial(xsMachine* the)
{
	xsmcSetBoolean(xsResult, 0);
}
