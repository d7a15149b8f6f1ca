/*
 * container_pipe: a channel that SageMaker streams becomes a file.
 *
 * With TrainingInputMode "Pipe" there is no input/data/CHANNEL/ but a named pipe for each reading
 * of the channel, input/data/CHANNEL_0, CHANNEL_1, ...; its objects come one after the other, as if
 * they were one. Training reads the past several times, so the first pipe is written down once,
 * and no other is opened.
 *
 *     if (!container_pipe(root, "train", arena, &pipe, err))
 *         ...                             the channel cannot be read so
 *     if (pipe != NULL && !container_spool(pipe, file, bytes_max, err)) ...
 */
#ifndef CLI_CONTAINER_PIPE_H
#define CLI_CONTAINER_PIPE_H

#include "base/err.h"
#include "base/view.h"

/* The channel's first pipe by inputdataconfig.json; NULL: it is no channel that is streamed. */
bool container_pipe(const char *root, const char *channel, struct arena *arena, const char **out,
                    struct err *err);

/* Writes what comes to `file`, until the writer closes. ERR_LIMIT: there is more than `bytes_max`.
 * On failure there is no file. Waits for the writer; whoever started the job ends it when none
 * comes. */
bool container_spool(const char *pipe, const char *file, size_t bytes_max, struct err *err);

#endif
