import type { JsonObject } from '@seamark/core'
import type { Ajv2020, Options, ValidateFunction } from 'ajv/dist/2020.js'
import type * as ajvModule from 'ajv/dist/2020.js'
import type * as formatsModule from 'ajv-formats/dist/formats.js'
import { createRequire } from 'node:module'
import { FORMATS } from './keywords.ts'

interface Loads {
  (name: 'ajv/dist/2020.js'): typeof ajvModule
  (name: 'ajv-formats/dist/formats.js'): typeof formatsModule
}

const require: Loads = createRequire(import.meta.url)

/** Loaded with the first schema: every command of the CLI would wait for it. */
function ajvOf(options: Options): Ajv2020 {
  const ajv = require('ajv/dist/2020.js')
  const { fullFormats } = require('ajv-formats/dist/formats.js')
  const formats = Object.fromEntries(Object.entries(fullFormats).filter(([name]) => FORMATS.includes(name)))
  return new ajv.Ajv2020({ ...options, strict: true, formats, messages: false, logger: false })
}

/**
 * The function that checks a document against a schema that `schemaCheck` found nothing wrong with. Throws what ajv throws
 * where its strict mode finds more.
 */
export function compile(schema: JsonObject): ValidateFunction {
  const ajv = ajvOf({
    // Ordinary ways to say what may stand together.
    strictRequired: false,
    strictTuples: false,
    allowUnionTypes: true,
    // A property is what a document has, not what every object of JavaScript has.
    ownProperties: true,
    // A schema that is used often is not written out each time: the code stays as large as the schema.
    inlineRefs: false,
    validateFormats: true,
    // Ajv resolves it, and does not name it.
    keywords: ['$anchor'],
    meta: false,
    validateSchema: false,
    addUsedSchema: false,
  })
  // The name of a schema means nothing here, and could be that of another.
  const { $id: _, $schema: __, ...rest } = schema
  return ajv.compile(rest)
}

/** Checks that a value is a schema; where it is none, gives the pointer of what is wrong in it. */
export function metaSchema(): (schema: JsonObject) => string | undefined {
  const ajv = ajvOf({})
  return (schema) => (ajv.validateSchema(schema) === true ? undefined : (ajv.errors?.[0]?.instancePath ?? ''))
}
