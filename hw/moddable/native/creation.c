/* The native half of configuration.ts: what the manifest's `creation` reserves, bytes of chunks and slots of the heap. */
#include "xsmc.h"
#include "xsHost.h"

extern void* xsPreparationAndCreation(xsCreation** creation);

void xs_creation(xsMachine* the)
{
	xsCreation* creation;
	uint32_t sizes[2];

	xsPreparationAndCreation(&creation);
	sizes[0] = creation->initialChunkSize;
	sizes[1] = creation->initialHeapCount;
	xsmcSetArrayBuffer(xsResult, sizes, sizeof sizes);
}
