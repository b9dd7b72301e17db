// SPDX-License-Identifier: Apache-2.0
__attribute__((no_caller_saved_registers)) int f(int x){return x;}
