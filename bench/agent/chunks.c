/*
	The chunk heap grows in place, as on a chip whose heap is one block (fxAllocateChunks in the SDK's mc/xsHosts.c). By
	itself the simulator takes a separate block for each increment; XS moves no chunk from one to another, and what is
	reserved then says more about their order than about the app. Linked in by --wrap.
*/
#include <stddef.h>

static char heap[1 << 20] __attribute__((aligned(16)));
static size_t taken;

void* __wrap_fxAllocateChunks(void* the, int size)
{
	(void)the;
	if (size < 0 || (size_t)size > sizeof(heap) - taken) return NULL;
	taken += (size_t)size;
	return heap + taken - (size_t)size;
}

void __wrap_fxFreeChunks(void* the, void* chunks)
{
	(void)the;
	(void)chunks;
}
