# SPDX-License-Identifier: Apache-2.0
"""Third-party programs: Debian source packages, fetched by APT into the build folder, compiled without edits.

APT gets lists and a cache of its own below the build folder, so the system's configuration stays as it is.
"""

from builds import ALL, Program, Wasm2c
from toolchain import HERE, Failure, note, require, run

ADAPTERS = HERE / "adapters"
LUA_CORE = ("lapi lcode lctype ldebug ldo ldump lfunc lgc llex lmem lobject lopcodes lparser lstate lstring ltable ltm "
            "lundump lvm lzio").split()
LUA_FLAGS = ["-DLUAI_THROW(L,c)=__builtin_trap()", "-DLUAI_TRY(L,c,a)={a}", "-Dluai_jmpbuf=int",
             "-Dluai_makeseed(L)=42u", "-Dlua_getlocaledecpoint()='.'", "-DLUA_USE_JUMPTABLE=0"]
MBEDTLS_FILES = ("aes base64 bignum chacha20 chachapoly cipher cipher_wrap constant_time ecp ecp_curves gcm md platform "
                 "platform_util poly1305 sha256 sha512").split()

BZIP2_FILES = "blocksort bzlib compress crctable decompress huffman randtable".split()

# Files of a package that its adapter wants as data: {program: {symbol: file}}
DATA = {"bzip2": {"sample_plain": "sample1.ref", "sample_packed": "sample1.bz2"}}

# lz4 hashes other bytes where registers have 32 bits, so it compresses to other bytes; the others need math.h, of which the
# library's parts are written for x86-64.
NOT_IN_WASM = {"lz4", "cjson", "lua"}

# name: (source package, files, include folders, flags, {file: flags of that file})
RECIPES = {
    "lz4": ("lz4", ["lib/lz4.c", "lib/lz4hc.c", "lib/lz4frame.c", "lib/xxhash.c"], ["lib"], [], {}),
    "zlib": ("zlib", ["adler32.c", "crc32.c", "deflate.c", "inffast.c", "inflate.c", "inftrees.c", "trees.c", "zutil.c",
                      "test/example.c"], ["."], ["-DZ_SOLO"], {"test/example.c": ["-Dmain=zlib_example_main"]}),
    "xxhash": ("xxhash", ["xxhash.c", "cli/xsum_sanity_check.c"], [".", "cli"], [], {}),
    "bzip2": ("bzip2", [f"{f}.c" for f in BZIP2_FILES], ["."], ["-DBZ_NO_STDIO"], {}),
    "cjson": ("cjson", ["cJSON.c"], ["."], [], {}),
    "httpparser": ("http-parser", ["http_parser.c", "test.c"], ["."], [f"-I{ADAPTERS / 'httpparser'}"],
                   {"test.c": ["-Dmain=http_parser_test_main", "-Dstrnlen=test_strnlen"]}),
    "mbedtls": ("mbedtls", [f"library/{f}.c" for f in MBEDTLS_FILES], ["include", "library"],
                ['-DMBEDTLS_CONFIG_FILE="mbedtls_config.h"', f"-I{ADAPTERS}"], {}),
    "lua": ("lua5.4", [f"src/{f}.c" for f in LUA_CORE], ["src"], LUA_FLAGS + [f"-I{ADAPTERS / 'shim'}"], {}),
}


def source_list():
    """deb-src lines for where this system's own packages come from: the release, without its updates."""
    lines = set()
    for line in run(["apt-get", "indextargets", "--format", "$(REPO_URI)|$(CODENAME)|$(COMPONENT)|$(ORIGIN)",
                     "Created-By: Packages"]).splitlines():
        uri, name, component, origin = line.split("|")
        if origin == "Debian" and component == "main" and "-" not in name:
            lines.add(f"deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {uri} {name} main")
    if not lines:
        raise Failure("APT knows no Debian archive: the third-party programs are Debian source packages "
                      "(leave them out with --group kernels)")
    return "\n".join(sorted(lines)) + "\n"


def apt_options(folder):
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    sources = folder / "sources.list"
    sources.write_text(source_list())
    settings = {"Dir::Etc::sourcelist": sources, "Dir::Etc::sourceparts": "/dev/null", "Dir::State::lists": folder / "lists",
                "Dir::Cache": folder / "cache", "APT::Sandbox::User": "root"}
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def unpack(archive, folder):
    """The files below the archive's one top folder. APT has checked the archive's signature."""
    folder.mkdir()
    run(["tar", "-xf", archive, "--strip-components=1", "-C", folder])


def fetch(context, names):
    """{source package: its folder}, fetching what is not there yet."""
    root = context.folder / "packages"
    root.mkdir(exist_ok=True)
    missing = [n for n in names if not (root / n).exists()]
    if missing:
        require(["apt-get"])
        options = apt_options(context.folder / "apt")
        note(f"fetching source packages: {' '.join(missing)}")
        run(["apt-get", *options, "-qq", "update"], timeout=300)
        run(["apt-get", *options, "-qq", "source", "--download-only", *missing], timeout=300, cwd=root)
    for name in missing:
        archives = [a for a in sorted(root.glob(f"{name}_*.orig.tar.*")) if not a.name.endswith(".asc")]
        if not archives:
            raise Failure(f"apt-get brought no upstream archive of {name} into {root}")
        unpack(archives[-1], root / name)
    return {n: root / n for n in names}


def data_files(context, name, folder):
    """A C file with the bytes of DATA's files, if the program has any."""
    if name not in DATA:
        return []
    text = []
    for symbol, file in DATA[name].items():
        content = (folder / file).read_bytes()
        text += [f"extern const unsigned char {symbol}[]; extern const unsigned {symbol}_size;",
                 f"const unsigned char {symbol}[] = {{{','.join(map(str, content))}}};",
                 f"const unsigned {symbol}_size = {len(content)};"]
    target = context.folder / "packages" / f"{name}-data.c"
    target.write_text("\n".join(text) + "\n")
    return [target]


def packages(context, only=()):
    chosen = {n: r for n, r in RECIPES.items() if not only or n in only}
    folders = fetch(context, [recipe[0] for recipe in chosen.values()])
    programs = []
    for name, (package, files, includes, flags, file_flags) in chosen.items():
        folder = folders[package]
        programs.append(Program(
            name=name, group="packages", sources=[*(folder / f for f in files), *data_files(context, name, folder), ADAPTERS / f"{name}.c"],
            includes=[folder / i for i in includes], flags=flags, vectors=f"{name}_check", library=True,
            builds=tuple(b.key for b in ALL if b is not Wasm2c) if name in NOT_IN_WASM else (),
            file_flags={folder / f: extra for f, extra in file_flags.items()}))
    return programs
