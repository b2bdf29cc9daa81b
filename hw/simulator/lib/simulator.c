/* The native half of simulator.js. */
#include <stdlib.h>
#include "xsmc.h"

void xs_simulator_environment(xsMachine* the)
{
	char* value = getenv(xsmcToString(xsArg(0)));
	if (value)
		xsmcSetString(xsResult, value);
}
