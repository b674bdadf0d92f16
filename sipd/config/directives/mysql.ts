/** The directives of a subscriber table in MySQL. */
import { many, one, optional } from '../declare/directive.ts'
import { host, type Kind, onOff, secret, text, whole } from '../declare/kinds.ts'
import { quoteWord } from '../declare/lines.ts'

const inForce = 'the MySQL subscriber table is to come'

export interface FieldName {
  /** What the table calls it: the XXX of DB_MySQL_XXX_Field. */
  readonly field: string
  readonly column: string
}

const fieldName: Kind<FieldName> = {
  type: 'name of a column',
  parse: ([field = '', column = '', ...more]) =>
    field !== '' && column !== '' && more.length === 0
      ? { value: { field, column } }
      : { expected: 'written with the name of a field in place of XXX, and with a column', at: 1 },
  format: ({ field, column }) => [field, column],
}

const fields = many(
  fieldName,
  {
    help: 'What an existing table calls a field, XXX being ours.',
    changes: 'reload',
    inForce,
    also: [/^DB_MySQL_(?!XXX_)(\w+)_Field$/i],
  },
  { keyOf: ({ field }) => field.toLowerCase(), most: 100 },
)

export const mysql = {
  DB_MySQL: one(onOff, 'Off', { help: 'Use a subscriber table in MySQL.', changes: 'reload', inForce }),
  DB_MySQL_HostName: optional(host, { help: 'The host of the primary database.', changes: 'reload', inForce }),
  DB_MySQL_Secondary_HostName: optional(host, { help: 'The host of the secondary one.', changes: 'reload', inForce }),
  DB_MySQL_DB: optional(text('name'), { help: 'The database that has the table.', changes: 'reload', inForce }),
  DB_MySQL_Username: optional(text('name'), { help: 'The account there.', changes: 'reload', inForce }),
  DB_MySQL_Password: optional(secret, { help: 'The password of it.', changes: 'reload', inForce }),
  DB_MySQL_SubscriberTable: optional(text('name'), { help: 'The table.', changes: 'reload', inForce }),
  DB_MySQL_Connect_Timeout: one(whole(1, 600, 's'), '3', {
    help: 'How long connecting may take.',
    changes: 'reload',
    inForce,
  }),
  DB_MySQL_XXX_Field: {
    ...fields,
    print: (_: string, values: readonly FieldName[]) =>
      values.map(({ field, column }) => `DB_MySQL_${field}_Field ${quoteWord(column)}`),
  },
} as const
