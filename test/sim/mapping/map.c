/*
 * Boots the mapping of a mod archive as an ESP32 does, on a file, with the engine's own code:
 *
 *     map HOST XS [--cut K [--torn erased|half]] [--staged FILE]
 *
 * HOST is a simulator library (mc.so): its symbol table and its fxMapArchive are used, nothing of the SDK is compiled in.
 * XS is the image of the `xs` partition and is rewritten in place, a sector of 4,096 bytes at a time (erase, then write).
 * --cut loses power at sector write K (from 0): nothing of it is done, or the sector is left erased, or half written.
 * --staged asks afterwards, in the same machine, whether XS is what mapping the pristine copy in FILE gives.
 *
 * Prints {"writes":3,"off":false,"accepted":true,"mapped":true}. off: the power went; what follows is then unknown (null).
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 4096 };

/* xsAll.h: txArchiveRead, txArchiveWrite and what takes them. */
typedef int32_t (*Access)(void* archive, size_t offset, void* buffer, size_t size);
typedef void* (*MapArchive)(void* machine, void* preparation, void* archive, size_t sector, Access read, Access write);

static MapArchive mapArchive;

typedef struct {
	const char* path;
	uint8_t* bytes;
	size_t size;
	long writes;
	long cut;
	const char* torn;
} Flash;

typedef struct {
	const Flash* staged;
	const Flash* flash;
	size_t seen;
	bool same;
} Replay;

static void boot(void* machine, void* preparation, Flash* flash);
static bool mapped(void* machine, void* preparation, const Flash* staged, const Flash* flash);
static void liveALittle(void* library, void* machine);

static void* symbol(void* library, const char* name);
static Flash load(const char* path);
static void save(const Flash* flash);

int main(int argc, char** argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: map HOST XS [--cut K [--torn erased|half]] [--staged FILE]\n");
		return 2;
	}
	Flash flash = load(argv[2]);
	const char* staged = NULL;
	for (int i = 3; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--cut"))
			flash.cut = atol(argv[i + 1]);
		else if (!strcmp(argv[i], "--torn"))
			flash.torn = argv[i + 1];
		else if (!strcmp(argv[i], "--staged"))
			staged = argv[i + 1];
	}
	void* library = dlopen(argv[1], RTLD_NOW);
	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return 2;
	}
	mapArchive = (MapArchive)symbol(library, "fxMapArchive");
	void* preparation = ((void* (*)(void**))symbol(library, "xsPreparationAndCreation"))(NULL);
	void* machine = ((void* (*)(void*, void*, const char*, void*, void*))symbol(library, "fxPrepareMachine"))(
		NULL, preparation, "map", NULL, NULL);

	boot(machine, preparation, &flash);
	save(&flash);
	if (!staged) {
		printf(",\"mapped\":null}\n");
		return 0;
	}
	liveALittle(library, machine);
	Flash pristine = load(staged);
	printf(",\"mapped\":%s}\n", mapped(machine, preparation, &pristine, &flash) ? "true" : "false");
	return 0;
}

/* What modInstallMods does: spiRead and spiWrite of the SDK's xs/platforms/esp/xsHost.c on a file. */

static int32_t readFlash(void* archive, size_t offset, void* buffer, size_t size)
{
	const Flash* flash = archive;
	memset(buffer, 0xFF, size);
	if (offset < flash->size)
		memcpy(buffer, flash->bytes + offset, size < flash->size - offset ? size : flash->size - offset);
	return 1;
}

static void powerOff(Flash* flash)
{
	save(flash);
	printf("{\"writes\":%ld,\"off\":true,\"accepted\":null,\"mapped\":null}\n", flash->writes);
	fflush(NULL);
	_Exit(0);
}

static int32_t writeFlash(void* archive, size_t offset, void* buffer, size_t size)
{
	Flash* flash = archive;
	bool off = flash->writes == flash->cut;
	if (offset + size > flash->size)
		return 0;
	if (off && !flash->torn)
		powerOff(flash);
	if (offset % SECTOR == 0) {
		size_t end = (offset + size + SECTOR - 1) / SECTOR * SECTOR;
		memset(flash->bytes + offset, 0xFF, (end < flash->size ? end : flash->size) - offset);
	}
	if (off && !strcmp(flash->torn, "half"))
		size /= 2;
	if (!off || strcmp(flash->torn, "erased"))
		memcpy(flash->bytes + offset, buffer, size);
	if (off)
		powerOff(flash);
	flash->writes++;
	return 1;
}

static void boot(void* machine, void* preparation, Flash* flash)
{
	bool accepted = mapArchive(machine, preparation, flash, SECTOR, readFlash, writeFlash) != NULL;
	printf("{\"writes\":%ld,\"off\":false,\"accepted\":%s", flash->writes, accepted ? "true" : "false");
}

/* The rule: the engine maps the pristine copy once more, and what it would write is compared instead of written. */

static int32_t readStaged(void* archive, size_t offset, void* buffer, size_t size)
{
	return readFlash((void*)((Replay*)archive)->staged, offset, buffer, size);
}

static void compare(Replay* replay, const uint8_t* expected, size_t offset, size_t size)
{
	if (offset != replay->seen || offset + size > replay->flash->size ||
		memcmp(replay->flash->bytes + offset, expected, size))
		replay->same = false;
	replay->seen = offset + size;
}

static void compareUntouched(Replay* replay, size_t end)
{
	if (end > replay->seen && end <= replay->staged->size)
		compare(replay, replay->staged->bytes + replay->seen, replay->seen, end - replay->seen);
}

static int32_t compareWritten(void* archive, size_t offset, void* buffer, size_t size)
{
	Replay* replay = archive;
	compareUntouched(replay, offset);
	compare(replay, buffer, offset, size);
	return 1;
}

static bool mapped(void* machine, void* preparation, const Flash* staged, const Flash* flash)
{
	Replay replay = { .staged = staged, .flash = flash, .seen = 0, .same = true };
	if (!mapArchive(machine, preparation, &replay, SECTOR, readStaged, compareWritten))
		return false;
	compareUntouched(&replay, staged->size);
	return replay.same;
}

/* Names made and garbage collected since the boot must not change the answer. */
static void liveALittle(void* library, void* machine)
{
	int16_t (*id)(void*, const char*) = symbol(library, "fxID");
	char name[] = "name?";
	for (name[4] = 'A'; name[4] <= 'Z'; name[4]++)
		id(machine, name);
	((void (*)(void*))symbol(library, "fxCollectGarbage"))(machine);
}

static void* symbol(void* library, const char* name)
{
	void* found = dlsym(library, name);
	if (!found) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
	return found;
}

static Flash load(const char* path)
{
	Flash flash = { .path = path, .cut = -1 };
	FILE* file = fopen(path, "rb");
	if (!file || fseek(file, 0, SEEK_END)) {
		perror(path);
		exit(2);
	}
	flash.size = (size_t)ftell(file);
	flash.bytes = malloc(flash.size);
	rewind(file);
	if (fread(flash.bytes, 1, flash.size, file) != flash.size) {
		perror(path);
		exit(2);
	}
	fclose(file);
	return flash;
}

static void save(const Flash* flash)
{
	FILE* file = fopen(flash->path, "wb");
	if (!file || fwrite(flash->bytes, 1, flash->size, file) != flash->size || fclose(file)) {
		perror(flash->path);
		exit(2);
	}
}
