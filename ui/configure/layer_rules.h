// Writes per-layer widths into quantization.layer_configs, one entry with an exact pattern a layer.
#pragma once

#include <QString>
#include <QStringList>

namespace qat::ui {

enum class LayerRule { Bits4, Bits8, Bits16, Float, Default };

// The text in which the named layers have the wanted weight width (Float: they are skipped, Default: their own entries
// are gone). Everything else, comments included, stays as it is. Throws Error{BadInput} if the text cannot be edited.
QString withLayerRule(const QString& text, const QStringList& layers, LayerRule rule);

}  // namespace qat::ui
