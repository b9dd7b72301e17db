# SPDX-License-Identifier: Apache-2.0
"""Network functions in gdb. `rf-run --gdb FILE` writes a file that loads this; docs/debugging.md shows how to use it.

gdb finds a cell's code, lines and what is in registers by itself. It does not know that the network function's pointers are
offsets, and it cuts addresses to 32 bits, as pointers are in the network function's debug information. So: $rf(pointer) is what a
pointer points to, $rf("variable") the value of a variable in memory, and $rf_packet(pointer) what a packet pointer points to.
They work where execution stands in a network function.
"""
import re

import gdb

cells = []  # (text, linked, base, path)


class CellCommand(gdb.Command):
    """rf-cell TEXT LINKED BASE PATH: load the symbols of the network function PATH, the text of which is mapped at TEXT
    and linked at LINKED; its memory starts at BASE."""

    def __init__(self):
        super().__init__("rf-cell", gdb.COMMAND_FILES)

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        if len(words) != 4:
            raise gdb.GdbError("usage: rf-cell TEXT LINKED BASE PATH")
        text, linked, base = (int(word, 0) for word in words[:3])
        if all(text != known[0] for known in cells):
            # gdb asks first, but not in a script.
            gdb.execute(f'add-symbol-file "{words[3]}" {text:#x}', to_string=True)
        cells.append((text, linked, base, words[3]))
        print(f"{words[3]}: text at {text:#x}, cell's memory (r15) at {base:#x}")


class CellsCommand(gdb.Command):
    """rf-cells: what cells there are."""

    def __init__(self):
        super().__init__("rf-cells", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        for number, (text, _, base, path) in enumerate(cells):
            print(f"{number}: {path}, text at {text:#x}, memory at {base:#x}")


def stopped_cell():
    """(text, linked, base, path) of the network function that the selected frame belongs to."""
    frame = gdb.selected_frame()
    base, at = int(frame.read_register("r15")) & (2**64 - 1), frame.pc()
    for cell in cells:
        if cell[2] == base and 0 <= at - cell[0] < 2**28:
            return cell
    raise gdb.GdbError("the selected frame is not in a network function that rf-cell has named")


def signed(value):
    return (value + 2**31) % 2**32 - 2**31


def read(address, kind):
    """What stands at a host address. A value without an address, as gdb would cut that to 32 bits."""
    memory = gdb.selected_inferior().read_memory(address, kind.sizeof)
    return gdb.Value(memory.tobytes(), kind)


CONTROL_STACK = 1 << 20  # bytes, at most


# By DWARF number: System V ABI for AMD64, figure 3.36.
REGISTERS = ("rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15")


def host_address(address, cell):
    """Of what is on the control stack, if the address, cut to 32 bits, is near rsp; in the cell's memory otherwise."""
    stack = int(gdb.selected_frame().read_register("rsp")) & (2**64 - 1)
    distance = signed((address - stack) % 2**32)
    return stack + distance if abs(distance) < CONTROL_STACK else cell[2] + address % 2**32


def load(address, size):
    return int.from_bytes(gdb.selected_inferior().read_memory(address, size).tobytes(), "little")


def location(name):
    """The DWARF operations that say where a variable is now, each with its numbers."""
    text = gdb.execute(f"info address {name}", to_string=True)
    # A caller stands behind its call, which may be the end of a range.
    at = (gdb.selected_frame().pc() - (gdb.selected_frame().newer() is not None)) % 2**32
    if "Range" in text:
        ranges = re.findall(r"Range (0x[0-9a-f]+)-(0x[0-9a-f]+):(.*?)(?=Range|\Z)", text, re.S)
        text = next((what for low, high, what in ranges if int(low, 16) <= at < int(high, 16)), "")
    return [line.split() for line in re.findall(r"DW_OP_(.*)", text)]


def follow(name, operations, cell):
    """The address of a variable that takes memory to find, which gdb would read at addresses cut to 32 bits. Clang says "the
    value behind this address" of variables that are larger than a value, too: what is wanted is the address in any case."""
    frame, stack = gdb.selected_frame(), []
    operations = list(operations)
    if operations and operations[-1] == ["stack_value"]:
        del operations[-2 if operations[-2:-1] == [["deref"]] else len(operations):]
    for operation, *numbers in operations:
        if operation == "fbreg":
            stack.append(int(frame.read_register("rsp")) + int(numbers[0]))
        elif operation.startswith("breg"):
            stack.append(int(frame.read_register(REGISTERS[int(operation[4:])])) + int(numbers[0]))
        elif operation.startswith("const"):
            stack.append(int(numbers[0]))
        elif operation == "and" and len(stack) > 1:
            stack.append(stack.pop() & stack.pop())
        elif operation == "plus_uconst" and stack:
            stack.append(stack.pop() + int(numbers[0]))
        elif operation in ("deref", "deref_size") and stack:
            stack.append(load(host_address(stack.pop(), cell), int(numbers[0]) if numbers else 4))
        else:
            raise gdb.GdbError(f"{name}: its place takes DW_OP_{operation} to find, which $rf does not know")
    if len(stack) != 1:
        raise gdb.GdbError(f"{name}: not to be found here (optimized out?)")
    return stack[0] % 2**32


def variable(name, cell):
    """The value of a variable, wherever it is."""
    symbol = gdb.lookup_symbol(name)[0] or gdb.lookup_static_symbol(name)
    operations = location(name) if symbol is not None and symbol.needs_frame else []
    if any(operation[0].startswith("deref") for operation in operations):
        return read(host_address(follow(name, operations, cell), cell), symbol.type)
    value = gdb.parse_and_eval(name)
    if value.address is None:
        return value  # in a register, or computed
    address = int(value.address) % 2**32
    if symbol is None or symbol.needs_frame:
        return read(host_address(address, cell), value.type)
    # gdb moves what it has to compute as if it stood in the text.
    moved = 0 if symbol.addr_class == gdb.SYMBOL_LOC_STATIC else cell[0] - cell[1]
    return read(cell[2] + (address - moved) % 2**32, value.type)


def target(pointer, function):
    kind = pointer.type.strip_typedefs()
    if kind.code != gdb.TYPE_CODE_PTR:
        raise gdb.GdbError(f"{function} takes a pointer")
    if kind.target().sizeof == 0:
        raise gdb.GdbError(f"{function}: a pointer to void: cast it first")
    return kind.target()


class CellFunction(gdb.Function):
    """$rf(POINTER) or $rf("VARIABLE"): what it points to, or the variable."""

    def __init__(self):
        super().__init__("rf")

    def invoke(self, what):
        cell = stopped_cell()
        if what.type.strip_typedefs().code == gdb.TYPE_CODE_ARRAY:
            return variable(what.string(), cell)
        return read(cell[2] + int(what) % 2**32, target(what, "$rf"))


class PacketFunction(gdb.Function):
    """$rf_packet(POINTER): what a packet pointer points to in the packet selected now."""

    def __init__(self):
        super().__init__("rf_packet")

    def invoke(self, what):
        stopped_cell()
        packet = int(gdb.selected_frame().read_register("r14")) & (2**64 - 1)
        return read(packet + signed(int(what)), target(what, "$rf_packet"))


CellCommand()
CellsCommand()
CellFunction()
PacketFunction()
# SIGRTMIN+3 is a cell's clock. A fault stops gdb first: `continue` hands it to rf-run.
gdb.execute("handle SIG37 nostop noprint pass", to_string=True)
