// What the layer metrics of a run mean: title, digits, and which direction is worse.
#pragma once

#include <QString>
#include <QStringList>
#include <vector>

#include "widgets/number_form.h"

namespace qat::ui {

struct MetricInfo {
    QString key;    // as events.jsonl writes it
    QString title;  // short, for headers and choosers
    int digits = 4;
    bool lowIsBad = false;
    bool isShare = false;  // shown as a percentage
};

// Known metrics in the order choosers offer them; an unknown key gets itself as title.
MetricInfo metricInfo(const QString& key);
// Known ones first, the others after them in alphabetical order; bounds of another metric are left out.
QStringList orderedMetrics(const QStringList& keys);
// The form of a column of such values, or of their bars.
NumberForm metricForm(const MetricInfo& info, const std::vector<double>& values);
// In the column's form, without its unit; shares as percentages, en dash for NaN.
QString metricText(const MetricInfo& info, const NumberForm& form, double value);
// Alone, with its unit.
QString metricText(const MetricInfo& info, double value);

}  // namespace qat::ui
