/* SPDX-License-Identifier: Apache-2.0 */
#error                                                                                                       \
    "setjmp and longjmp do not exist in a network function: a return address cannot be forged in the sandbox, not even by its owner. Return error codes instead."
