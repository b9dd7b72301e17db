/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls `uint32_t f(uint32_t)` functions, and prints what `rf-run --call` prints, so that all builds of a
 * kernel are timed in one way. Native code and wasm2c's are linked with this file; x32 code is loaded.
 *
 * x32 code: most kernels do not offer the x32 system call interface, but code that makes no system calls
 * needs nothing of it, only that text, data and stack lie below 4 GiB. So the ELF32 image is mapped where
 * it was linked, and called on a stack of its own there. For benchmarks and tests of code that one trusts:
 * nothing contains it.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, X32_STACK_SIZE = 8 << 20 };
#define X32_STACK_BASE 0x60000000u

typedef uint32_t function(uint32_t);

static uint64_t x32_stack_top;

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "harness: %s: %s\n", what, why);
	exit(3);
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Calls `target` with rsp at the top of the low stack. */
__attribute__((noinline)) static uint32_t call_x32(uint64_t target, uint32_t argument)
{
	uint64_t result;
	__asm__ volatile("movq %%rsp, %%r15\n\t"
	                 "movq %[stack], %%rsp\n\t"
	                 "callq *%[target]\n\t"
	                 "movq %%r15, %%rsp"
	                 : "=a"(result)
	                 : [target] "a"(target), [stack] "r"(x32_stack_top), "D"((uint64_t)argument)
	                 : "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
	                   "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
	                   "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	return (uint32_t)result;
}

struct image {
	const uint8_t *bytes;
	size_t size;
	const Elf32_Ehdr *header;
};

static const void *at(const struct image *image, uint64_t offset, uint64_t size)
{
	if (offset > image->size || size > image->size - offset)
		fail("x32 image", "truncated");
	return image->bytes + offset;
}

static struct image read_image(const char *path)
{
	struct image image;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0 || st.st_size < (off_t)sizeof(Elf32_Ehdr))
		fail(path, fd < 0 ? strerror(errno) : "not an ELF file");
	image.size = (size_t)st.st_size;
	image.bytes = mmap(NULL, image.size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (image.bytes == MAP_FAILED)
		fail(path, strerror(errno));
	close(fd);
	image.header = at(&image, 0, sizeof *image.header);
	if (memcmp(image.header->e_ident, ELFMAG, SELFMAG) != 0 ||
	    image.header->e_ident[EI_CLASS] != ELFCLASS32 || image.header->e_machine != EM_X86_64 ||
	    image.header->e_type != ET_EXEC)
		fail(path, "not a static x32 executable");
	return image;
}

static void map_low(uint32_t start, uint32_t size, const char *what)
{
	void *want = (void *)(uintptr_t)start; /* NOLINT: the address is the point */
	if (mmap(want, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
	         0) != want)
		fail(what, strerror(errno));
}

static void load_segments(const struct image *image)
{
	const Elf32_Phdr *segment =
	    at(image, image->header->e_phoff, image->header->e_phnum * sizeof *segment);
	for (unsigned i = 0; i < image->header->e_phnum; i++) {
		if (segment[i].p_type != PT_LOAD || segment[i].p_memsz == 0)
			continue;
		uint32_t start = segment[i].p_vaddr & ~(uint32_t)(PAGE - 1);
		uint32_t size =
		    (segment[i].p_vaddr - start + segment[i].p_memsz + PAGE - 1) & ~(uint32_t)(PAGE - 1);
		map_low(start, size, "x32 segment");
		memcpy((void *)(uintptr_t)segment[i].p_vaddr,
		       at(image, segment[i].p_offset, segment[i].p_filesz), segment[i].p_filesz);
		int executable = segment[i].p_flags & PF_X ? PROT_EXEC : 0;
		int writable = segment[i].p_flags & PF_W ? PROT_WRITE : 0;
		if (mprotect((void *)(uintptr_t)start, size, PROT_READ | executable | writable) != 0)
			fail("x32 segment", strerror(errno));
	}
}

/* The address of a symbol, or 0. */
static uint32_t find_symbol(const struct image *image, const char *name)
{
	const Elf32_Shdr *section =
	    at(image, image->header->e_shoff, image->header->e_shnum * sizeof *section);
	for (unsigned i = 0; i < image->header->e_shnum; i++) {
		if (section[i].sh_type != SHT_SYMTAB || section[i].sh_link >= image->header->e_shnum)
			continue;
		const Elf32_Sym *symbol = at(image, section[i].sh_offset, section[i].sh_size);
		const Elf32_Shdr *strings = &section[section[i].sh_link];
		const char *names = at(image, strings->sh_offset, strings->sh_size);
		for (size_t k = 0; k < section[i].sh_size / sizeof *symbol; k++)
			if (symbol[k].st_name < strings->sh_size &&
			    strcmp(names + symbol[k].st_name, name) == 0)
				return symbol[k].st_value;
	}
	return 0;
}

static void load_x32(const char *path, struct image *image)
{
	*image = read_image(path);
	load_segments(image);
	map_low(X32_STACK_BASE, X32_STACK_SIZE, "x32 stack");
	x32_stack_top = X32_STACK_BASE + X32_STACK_SIZE - 64;
}

/* `image` is NULL for a function that is linked with this program. */
static void call_repeatedly(const struct image *image, const char *name, uint32_t argument, unsigned repeat)
{
	function *f = NULL;
	uint64_t target = 0;
	uint32_t result = 0;
	if (image) {
		target = find_symbol(image, name);
	} else {
		void *symbol = dlsym(RTLD_DEFAULT, name);
		memcpy(&f, &symbol, sizeof f);
	}
	if (!f && !target)
		fail(name, "no such function");
	uint64_t start = now_ns();
	for (unsigned i = 0; i < repeat; i++)
		result = f ? f(argument) : call_x32(target, argument);
	uint64_t elapsed = now_ns() - start;
	printf("{\"call\":\"%s\",\"arg\":%" PRIu32 ",\"result\":%" PRIu32 ",\"ns_per_call\":%.1f}\n", name,
	       argument, result, (double)elapsed / repeat);
	fflush(stdout);
}

static uint32_t parse_u32(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);
	if (*text == 0 || *end != 0 || value > UINT32_MAX)
		fail(text, "not a 32-bit number");
	return (uint32_t)value;
}

int main(int argc, char **argv)
{
	struct image image;
	const int x32 = argc > 2 && strcmp(argv[1], "--x32") == 0;
	const int first = x32 ? 3 : 1;
	if (argc < first + 2) {
		fprintf(stderr,
		        "usage: harness [--x32 FILE] REPEAT NAME=ARG...\n"
		        "Calls each function REPEAT times with ARG; prints one line of JSON for each.\n");
		return 2;
	}
	/* Code is to be compared, not how often the C library gives memory back to the system and gets it
	 * again. */
	mallopt(M_MMAP_THRESHOLD, 32 << 20); /* the largest that glibc takes */
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	if (x32)
		load_x32(argv[2], &image);
	unsigned repeat = parse_u32(argv[first]);
	for (int i = first + 1; i < argc; i++) {
		char *equals = strchr(argv[i], '=');
		if (!equals || repeat == 0)
			fail(argv[i], "wants NAME=ARG, and at least one repetition");
		*equals = 0;
		call_repeatedly(x32 ? &image : NULL, argv[i], parse_u32(equals + 1), repeat);
	}
	return 0;
}
