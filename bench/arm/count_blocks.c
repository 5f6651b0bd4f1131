// A plugin of qemu that counts how often each block of instructions (what runs from one branch to
// the next) is executed: writes "ADDRESS INSTRUCTIONS TIMES", the first in hexadecimal, a line each
// to the file that the argument out=FILE names. The declarations are those of qemu's plugin
// interface, version 1, of which only few are needed.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*translated)(qemu_plugin_id_t,
                                                              struct qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* block, enum qemu_plugin_op op,
                                              void* counter, uint64_t step);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*ended)(qemu_plugin_id_t, void*),
                                    void* data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* block);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb* block);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

struct block {
  uint64_t address, instructions, times;
  struct block* next;
};

enum { kBuckets = 1 << 16 };
static struct block* buckets[kBuckets];
static char out[4096];

// A block may be translated more than once; it keeps its counter.
static void Translated(qemu_plugin_id_t id, struct qemu_plugin_tb* translated) {
  (void)id;
  const uint64_t address = qemu_plugin_tb_vaddr(translated);
  const uint64_t instructions = qemu_plugin_tb_n_insns(translated);
  struct block** bucket = &buckets[address / 4 % kBuckets];
  struct block* block = *bucket;
  while (block != NULL && (block->address != address || block->instructions != instructions)) {
    block = block->next;
  }
  if (block == NULL) {
    block = calloc(1, sizeof *block);
    if (block == NULL) return;
    block->address = address;
    block->instructions = instructions;
    block->next = *bucket;
    *bucket = block;
  }
  qemu_plugin_register_vcpu_tb_exec_inline(translated, QEMU_PLUGIN_INLINE_ADD_U64, &block->times,
                                           1);
}

static void Ended(qemu_plugin_id_t id, void* data) {
  (void)id;
  (void)data;
  FILE* file = fopen(out, "w");
  if (file == NULL) return;
  for (int i = 0; i < kBuckets; ++i) {
    for (const struct block* block = buckets[i]; block != NULL; block = block->next) {
      fprintf(file, "%llx %llu %llu\n", (unsigned long long)block->address,
              (unsigned long long)block->instructions, (unsigned long long)block->times);
    }
  }
  fclose(file);
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id,
                                                               const void* info, int count,
                                                               char** arguments) {
  (void)info;
  if (count != 1 || strncmp(arguments[0], "out=", 4) != 0 ||
      strlen(arguments[0]) >= sizeof out + 4) {
    return 1;
  }
  strcpy(out, arguments[0] + 4);
  qemu_plugin_register_vcpu_tb_trans_cb(id, Translated);
  qemu_plugin_register_atexit_cb(id, Ended, NULL);
  return 0;
}
