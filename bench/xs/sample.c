/* The native half of sample.js: XS prints the sample that it otherwise prints each second, and starts its peaks anew. */
#include "xsmc.h"

#ifdef mxInstrument
extern void fxSampleInstrumentation(xsMachine* the, int count, int* values);
#endif

void xs_bench_sample(xsMachine* the)
{
#ifdef mxInstrument
	fxSampleInstrumentation(the, 0, 0);
#else
	xsUnknownError("not an instrumented build");
#endif
}
