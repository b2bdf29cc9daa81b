/* The native half of simulator.js. */
#include <signal.h>
#include <stdlib.h>
#include "xsmc.h"

void xs_simulator_environment(xsMachine* the)
{
	char* value = getenv(xsmcToString(xsArg(0)));
	if (value)
		xsmcSetString(xsResult, value);
}

/* The SDK's TCP writes without MSG_NOSIGNAL: a peer that is gone must be an error of that socket, not the end of the process. */
__attribute__((constructor)) static void ignoreBrokenPipes(void)
{
	signal(SIGPIPE, SIG_IGN);
}
