// Imported before any function: the logger reads its level once.
process.env['LOG_LEVEL'] = 'SILENT';
