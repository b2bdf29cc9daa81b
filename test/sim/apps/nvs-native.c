/* In place of hw/moddable/native/store.c, which asks ESP-IDF: an image that is on no trial, and its partition. */
#include "xsmc.h"

void xs_store_trial(xsMachine* the)
{
	xsmcSetBoolean(xsResult, 0);
}

void xs_store_clear(xsMachine* the)
{
	xsmcSetBoolean(xsResult, 1);
}

/* A partition of 16 pages with a quarter of it in use. */
void xs_store_entries(xsMachine* the)
{
	uint32_t counts[3] = { 2016, 504, 20 };
	xsmcSetArrayBuffer(xsResult, counts, sizeof counts);
}
