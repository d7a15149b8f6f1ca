/* version: which Assay this is. Part of every step's inputs: another program runs them again. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define ASSAY_VERSION "0.1.0"

#endif
