/* Bytes of chunks that the machine has allocated since its start: linked in before XS's own function by --wrap. */
#include "xsAll.h"
#include "xsmc.h"

static double bytes;

void* __real_fxNewChunk(txMachine* the, txSize size);

void* __wrap_fxNewChunk(txMachine* the, txSize size)
{
	bytes += size;
	return __real_fxNewChunk(the, size);
}

void xs_bench_allocated(xsMachine* the)
{
	xsmcSetNumber(xsResult, bytes);
}
