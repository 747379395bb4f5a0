import type { JsonObject } from '@seamark/core'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import { fullFormats } from 'ajv-formats/dist/formats.js'
import { FORMATS } from './keywords.ts'

const formats = Object.fromEntries(Object.entries(fullFormats).filter(([name]) => FORMATS.includes(name)))

/**
 * The function that checks a document against a schema that `schemaCheck` found nothing wrong with. Throws what ajv throws
 * where its strict mode finds more.
 */
export function compile(schema: JsonObject): ValidateFunction {
  const ajv = new Ajv2020({
    strict: true,
    // Ordinary ways to say what may stand together.
    strictRequired: false,
    strictTuples: false,
    allowUnionTypes: true,
    // A property is what a document has, not what every object of JavaScript has.
    ownProperties: true,
    // A schema that is used often is not written out each time: the code stays as large as the schema.
    inlineRefs: false,
    validateFormats: true,
    formats,
    // Ajv resolves it, and does not name it.
    keywords: ['$anchor'],
    meta: false,
    validateSchema: false,
    addUsedSchema: false,
    messages: false,
    logger: false,
  })
  // The name of a schema means nothing here, and could be that of another.
  const { $id: _, $schema: __, ...rest } = schema
  return ajv.compile(rest)
}

/** Checks that a value is a schema; where it is none, gives the pointer of what is wrong in it. */
export function metaSchema(): (schema: JsonObject) => string | undefined {
  const ajv = new Ajv2020({ strict: true, formats, messages: false, logger: false })
  return (schema) => (ajv.validateSchema(schema) === true ? undefined : (ajv.errors?.[0]?.instancePath ?? ''))
}
