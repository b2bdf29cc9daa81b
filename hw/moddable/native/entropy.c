/* The native half of entropy.ts: the operating system's generator, or the chip's. */
#include "xsmc.h"
#include "xsHost.h"
#if ESP32
	#include "esp_random.h"
#else
	#include <errno.h>
	#include <string.h>
	#include <sys/random.h>
#endif

void xs_entropy_fill(xsMachine* the)
{
	void* data;
	xsUnsignedValue size;

	xsmcGetBufferWritable(xsArg(0), &data, &size);
#if ESP32
	esp_fill_random(data, size);
#else
	for (uint8_t* at = data; size > 0;) {
		ssize_t drawn = getrandom(at, size, 0);
		if (drawn > 0) {
			at += drawn;
			size -= (xsUnsignedValue)drawn;
		}
		else if (errno != EINTR)
			xsUnknownError("getrandom: %s", strerror(errno));
	}
#endif
}
