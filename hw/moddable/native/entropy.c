/* The native half of entropy.ts: the operating system's generator, or the chip's. */
#include "xsmc.h"
#include "xsHost.h"
#if ESP32
	#include "mc.defines.h"
	#include "esp_netif.h"
	#include "esp_random.h"
	#if MODDEF_ENTROPY_ADC
		#include "bootloader_random.h"
	#endif
#else
	#include <errno.h>
	#include <string.h>
	#include <sys/random.h>
#endif

#if ESP32
/*
 * Whether a network has been up since power-up: from then on the radio feeds the chip's generator (or the ADC does, below). Keys
 * that are made before are not random; what asks for one so early is refused.
 */
static int hasHeard(void)
{
	static int heard = 0;
	esp_netif_t* netif = heard ? NULL : esp_netif_get_default_netif();
	if (netif != NULL)
		heard = esp_netif_is_netif_up(netif);
	return heard;
}
#endif

void xs_entropy_fill(xsMachine* the)
{
	void* data;
	xsUnsignedValue size;

	xsmcGetBufferWritable(xsArg(0), &data, &size);
#if ESP32
	if (!hasHeard())
		xsUnknownError("entropy: asked for before the network was up");
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
