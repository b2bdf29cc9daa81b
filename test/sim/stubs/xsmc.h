/* What our C uses of the SDK's xsmc.h, for a syntax check without the SDK's platform headers. Written from its documentation. */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct xsMachineRecord xsMachine;
typedef struct { void* data[2]; } xsSlot;
typedef uint32_t xsUnsignedValue;
typedef int32_t xsIntegerValue;
typedef int xsBooleanValue;

typedef struct {
	xsIntegerValue initialChunkSize;
	xsIntegerValue initialHeapCount;
} xsCreation;

xsSlot* stubArgument(xsMachine* the, int index);
xsSlot* stubResult(xsMachine* the);
void stubThrow(xsMachine* the, const char* format, ...) __attribute__((noreturn, format(printf, 2, 3)));
void stubBuffer(xsMachine* the, xsSlot* slot, void** data, xsUnsignedValue* size);
char* stubString(xsMachine* the, xsSlot* slot);
xsIntegerValue stubInteger(xsMachine* the, xsSlot* slot);
xsBooleanValue stubTest(xsMachine* the, xsSlot* slot);
void stubSetInteger(xsMachine* the, xsSlot* slot, xsIntegerValue value);
void stubSetNumber(xsMachine* the, xsSlot* slot, double value);
void stubSetString(xsMachine* the, xsSlot* slot, const char* value);
void* stubSetArrayBuffer(xsMachine* the, xsSlot* slot, const void* data, xsIntegerValue size);

#define xsArg(INDEX) (*stubArgument(the, (INDEX)))
#define xsResult (*stubResult(the))
#define xsUnknownError(...) stubThrow(the, __VA_ARGS__)
#define xsRangeError(...) stubThrow(the, __VA_ARGS__)
#define xsTypeError(...) stubThrow(the, __VA_ARGS__)
#define xsmcGetBufferReadable(SLOT, DATA, SIZE) stubBuffer(the, &(SLOT), (DATA), (SIZE))
#define xsmcGetBufferWritable(SLOT, DATA, SIZE) stubBuffer(the, &(SLOT), (DATA), (SIZE))
#define xsmcToString(SLOT) stubString(the, &(SLOT))
#define xsmcToInteger(SLOT) stubInteger(the, &(SLOT))
#define xsmcToBoolean(SLOT) stubTest(the, &(SLOT))
#define xsmcTest(SLOT) stubTest(the, &(SLOT))
#define xsmcSetInteger(SLOT, VALUE) stubSetInteger(the, &(SLOT), (VALUE))
#define xsmcSetNumber(SLOT, VALUE) stubSetNumber(the, &(SLOT), (VALUE))
#define xsmcSetBoolean(SLOT, VALUE) stubSetInteger(the, &(SLOT), (VALUE))
#define xsmcSetString(SLOT, VALUE) stubSetString(the, &(SLOT), (VALUE))
#define xsmcSetArrayBuffer(SLOT, DATA, SIZE) stubSetArrayBuffer(the, &(SLOT), (DATA), (SIZE))
