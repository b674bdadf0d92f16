/** What was parsed from JSON may be anything: here its fields, each of which may be anything too. */

/** None of what has no fields. */
export function fieldsOf(parsed: unknown): Readonly<Record<string, unknown>> {
  return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
}
