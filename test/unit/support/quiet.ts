// Imported before any function: the logger reads its level once, and so do metrics.
process.env['LOG_LEVEL'] = 'SILENT';
process.env['POWERTOOLS_METRICS_DISABLED'] = 'true';
