/*
 * The native half of app-engine.ts: what XS knows about mod archives and the SDK does not tell a script.
 */
#include "xsAll.h"
#include "xs.h"

enum { SECTOR_BYTES = 4096 };

/* "17.9": an archive is for one version. */
void xs_app_version(xsMachine* the)
{
	char version[16];
	snprintf(version, sizeof version, "%d.%d", XS_MAJOR_VERSION, XS_MINOR_VERSION);
	xsResult = xsString(version);
}

/* Whether the image has a module of that name: asked for one by one, since a list of them takes kilobytes of RAM. */
void xs_app_has(xsMachine* the)
{
	txPreparation* preparation = the->preparation;
	txString path = xsToString(xsArg(0));
	xsResult = xsFalse;
	for (txInteger i = 0; i < preparation->scriptCount; i++)
		if (!c_strcmp(preparation->scripts[i].path, path))
			xsResult = xsTrue;
}

/* What the engine's own mapping steps by. */
void xs_app_code_sizes(xsMachine* the)
{
	xsResult = xsArrayBuffer((void*)gxCodeSizes, XS_CODE_COUNT);
}

/* Whether the engine has taken an archive at power-up. */
void xs_app_taken(xsMachine* the)
{
	xsResult = the->archive ? xsTrue : xsFalse;
}

typedef struct {
	xsMachine* the;
	txBoolean failed;
} Check;

/* What a script throws must not pass through the engine's own code: it would leave its memory behind. */

static txBoolean readCopy(void* source, size_t offset, void* buffer, size_t size)
{
	Check* check = source;
	xsMachine* the = check->the;
	if (check->failed)
		return 0;
	xsTry {
		xsVar(0) = xsCall2(xsArg(0), xsID("read"), xsInteger((int)offset), xsInteger((int)size));
		txInteger from = xsToInteger(xsGet(xsVar(0), xsID("byteOffset")));
		xsVar(1) = xsGet(xsVar(0), xsID("buffer"));
		xsGetArrayBufferData(xsVar(1), from, buffer, (txInteger)size);
	}
	xsCatch {
		check->failed = 1;
	}
	return !check->failed;
}

static txBoolean comparePart(void* destination, size_t offset, void* buffer, size_t size)
{
	Check* check = destination;
	xsMachine* the = check->the;
	if (check->failed)
		return 0;
	xsTry {
		xsVar(0) = xsArrayBuffer(buffer, (int)size);
		xsVar(0) = xsNew1(xsGlobal, xsID("Uint8Array"), xsVar(0));
		xsCall2(xsArg(0), xsID("write"), xsInteger((int)offset), xsVar(0));
	}
	xsCatch {
		check->failed = 1;
	}
	return !check->failed;
}

/* Maps what the check gives to read, as at power-up, and gives it what would be written. False: the engine refuses it. */
void xs_app_map(xsMachine* the)
{
	Check check = { the, 0 };
	xsVars(2);
	void* taken = fxMapArchive(the, the->preparation, &check, SECTOR_BYTES, readCopy, comparePart);
	xsResult = taken && !check.failed ? xsTrue : xsFalse;
}
