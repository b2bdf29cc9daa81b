/* The native half of entropy.ts: the operating system's generator, or the chip's. */
#include "xsmc.h"
#include "xsHost.h"
#if ESP32
	#include "mc.defines.h"
	#include "esp_random.h"
	#if MODDEF_ENTROPY_ADC
		#include "bootloader_random.h"
	#endif
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
	/* Without a radio the generator has no entropy of its own: the ADC's noise is fed to it meanwhile. */
	#if MODDEF_ENTROPY_ADC
	bootloader_random_enable();
	#endif
	esp_fill_random(data, size);
	#if MODDEF_ENTROPY_ADC
	bootloader_random_disable();
	#endif
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
