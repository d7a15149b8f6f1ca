/*
 * container: what a platform tells the program inside its container.
 *
 * SageMaker lays models and settings under /opt/ml (ASSAY_OPT_ML says otherwise) and calls `serve`
 * or `train`; Azure ML names a directory in AZUREML_MODEL_DIR; Vertex AI names a port, two paths
 * and where the model lies in AIP_*. Where there is an assay.yaml, it is the project that is
 * served; the directory is for containers without one.
 *
 *     struct container container;
 *     container_find(&container, &project);
 *     container_set(&container, &project, err);          ports, addresses and limits, as keys
 *     container_fetch(&container, &project, err);        a model out of an object store
 *     ... container.model_dir is read ...
 *     container_forget(&container);
 *     container_serve(&container, &options);             and what no key says
 */
#ifndef CLI_CONTAINER_H
#define CLI_CONTAINER_H

#include "cli/project.h"
#include "serve/server.h"

struct container {
    const char *root;       /* /opt/ml */
    const char *model_dir;  /* where the one model is; NULL: there is none without a project */
    const char *models_dir; /* where models asked for by name are; NULL: nowhere */
    bool many_models;       /* SAGEMAKER_MULTI_MODEL: none at the start */
    const char *storage;    /* AIP_STORAGE_URI, where it is an object store; NULL: it is not */
    char fetched[64];       /* a directory of ours that its files were copied to; "": none */
};

void container_find(struct container *container, struct project *project);
bool container_set(const struct container *container, struct project *project, struct err *err);
bool container_serve(const struct container *container, struct server_options *options,
                     struct err *err);

/* Copies the model's file from `storage`, if that is set: it is served from memory, not in place.
 */
bool container_fetch(struct container *container, struct project *project, struct err *err);
void container_forget(struct container *container); /* the copy; safe without one */

/* Whether `assay train` was called by SageMaker: no assay.yaml here, and a training job's settings
 * there. */
bool container_trains(const struct call *call);

/* From the job's settings and its `train` channel to a model in /opt/ml/model. `train` runs the
 * pipeline of the project that was drafted. A failure is also told in /opt/ml/output/failure. */
bool container_train(const struct call *call,
                     bool (*train)(struct project *project, const struct call *call,
                                   struct version *version, struct err *err),
                     struct err *err);

#endif
