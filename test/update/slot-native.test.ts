/**
 * hw/moddable/native/slot.c, run: compiled for this machine against stand-ins of ESP-IDF's calls that answer as app_update of
 * ESP-IDF v6.0 does (esp_ota_ops.c). What only the real thing can show is not tested here.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";

const project = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "enrollee-slot-"));
const program = join(folder, "slot");
/** With anti-rollback. */
const guarded = join(folder, "guarded");

const HARNESS = `
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include "slot.c"

static int answer;
static jmp_buf thrown;
esp_err_t esp_ota_invalidate_inactive_ota_data_slot(void) { return answer; }
esp_err_t esp_ota_get_state_partition(const esp_partition_t* p, esp_ota_img_states_t* s) { (void)p; (void)s; return answer; }
esp_err_t esp_ota_set_boot_partition(const esp_partition_t* p) { (void)p; return answer; }
esp_err_t esp_ota_mark_app_valid_cancel_rollback(void) { return answer; }
esp_err_t esp_ota_mark_app_invalid_rollback_and_reboot(void) { return answer; }
const esp_partition_t* esp_ota_get_running_partition(void) { static esp_partition_t p = { "ota_0" }; return &p; }
const esp_partition_t* esp_ota_get_next_update_partition(const esp_partition_t* p) { return p; }
const char* esp_err_to_name(esp_err_t code) { static char name[20]; snprintf(name, sizeof name, "%d", code); return name; }
void esp_restart(void) { exit(3); }
void wdt_hal_write_protect_disable(wdt_hal_context_t* hal) { (void)hal; }
void wdt_hal_write_protect_enable(wdt_hal_context_t* hal) { (void)hal; }
void wdt_hal_disable(wdt_hal_context_t* hal) { (void)hal; }
esp_err_t esp_timer_create(const esp_timer_create_args_t* o, esp_timer_handle_t* h) { (void)o; (void)h; return 0; }
esp_err_t esp_timer_start_once(esp_timer_handle_t h, uint64_t us) { (void)h; (void)us; return 0; }
esp_err_t esp_timer_stop(esp_timer_handle_t h) { (void)h; return 0; }
xsSlot* stubArgument(xsMachine* the, int i) { static xsSlot s; (void)the; (void)i; return &s; }
xsSlot* stubResult(xsMachine* the) { return stubArgument(the, 0); }
xsIntegerValue stubInteger(xsMachine* the, xsSlot* s) { (void)the; (void)s; return 0; }
uint32_t esp_efuse_read_secure_version(void) { return 5; }
void stubSetInteger(xsMachine* the, xsSlot* s, xsIntegerValue v) { (void)the; (void)s; printf("%d\\n", (int)v); }
void stubSetNumber(xsMachine* the, xsSlot* s, double v) { (void)the; (void)s; (void)v; }
void stubSetString(xsMachine* the, xsSlot* s, const char* v) { (void)the; (void)s; puts(v); }
void stubThrow(xsMachine* the, const char* format, ...)
{
	va_list list;
	(void)the;
	va_start(list, format);
	vprintf(format, list);
	longjmp(thrown, 1);
}

int main(int count, char** arguments)
{
	answer = count > 1 ? atoi(arguments[1]) : 0;
	if (count == 1) {
		xs_slot_secure_version(NULL);
		xs_slot_secure_bits(NULL);
	} else if (setjmp(thrown) == 0) {
		xs_slot_prepare(NULL);
		puts("prepared");
	}
	return 0;
}
`;

before(() => {
	writeFileSync(join(folder, "main.c"), HARNESS);
	const include = ["test/sim/stubs", "hw/moddable/native"].map((path) => `-I${join(project, path)}`);
	const sdkconfig = readFileSync(join(project, "hw/moddable/sdkconfig/sdkconfig.defaults"), "utf8");
	const configured = [...sdkconfig.matchAll(/^(CONFIG_\w+)=y$/gm)].map(([, name]) => `-D${name}=1`);
	const flags = ["-Wall", "-Wextra", "-Werror", "-DESP32=5", ...configured, ...include, join(folder, "main.c")];
	execFileSync("gcc", [...flags, "-o", program]);
	const options = ["CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK=1", "CONFIG_BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD=16"];
	execFileSync("gcc", [...flags, ...options.map((option) => `-D${option}`), "-o", guarded]);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const prepare = (answer: number): string => execFileSync(program, [String(answer)], { encoding: "utf8" }).trim();

const ESP_OK = 0;
/** Of a new board, and of a second download: otadata has no entry that could be erased. */
const ESP_FAIL = -1;
const ESP_ERR_FLASH_OP_FAIL = 0x6001;

test("a board that was never updated can be prepared for its first update, and for a second try", () => {
	assert.equal(prepare(ESP_FAIL), "prepared");
	assert.equal(prepare(ESP_OK), "prepared");
});

test("flash that cannot be erased stops an update before anything is written", () => {
	assert.equal(prepare(ESP_ERR_FLASH_OP_FAIL), String(ESP_ERR_FLASH_OP_FAIL));
});

test("the eFuse's secure version is said where the bootloader looks at it, and nowhere else", () => {
	assert.equal(execFileSync(guarded, [], { encoding: "utf8" }), "5\n16\n");
	assert.equal(execFileSync(program, [], { encoding: "utf8" }), "");
});
