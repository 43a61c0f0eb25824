// One build of a function per instruction set, chosen when the program is loaded.
#pragma once

// Function multiversioning needs ifunc; sanitizers run before it is set up.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define QAT_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define QAT_CLONES
#endif
