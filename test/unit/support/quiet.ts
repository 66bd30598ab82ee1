// Imported before any function: the logger reads its level once; metrics are lines, too.
process.env['LOG_LEVEL'] = 'SILENT';
