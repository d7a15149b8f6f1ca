#include "data/preset.h"

const struct preset *const presets[PRESET_COUNT] = {
#define PRESET(name) [PRESET_##name] = &preset_##name,
#include "data/presets.def"
#undef PRESET
};

const struct preset *preset_find(struct view name)
{
    for (size_t i = 0; i < PRESET_COUNT; i++)
        if (view_is(name, presets[i]->name))
            return presets[i];
    return NULL;
}

bool preset_refuse_stream(const struct preset_options *options, const char *preset, struct err *err)
{
    const char *asked = options->days != 0          ? "days"
                        : options->from_day != 0    ? "from-day"
                        : options->drifts > 0       ? "drift"
                        : options->labels != NULL   ? "labels"
                        : options->delay != NULL    ? "label-delay"
                        : options->unlabelled       ? "unlabelled"
                        : options->requests != NULL ? "requests"
                                                    : NULL;
    return asked == NULL ||
           err_set(err, ERR_USAGE, "the preset '%s' has no days, so leave --%s out", preset, asked);
}
