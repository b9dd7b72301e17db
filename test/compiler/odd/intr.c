// SPDX-License-Identifier: Apache-2.0
__attribute__((interrupt)) void f(void*p){ }
