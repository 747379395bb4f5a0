import type { JsonObject, Seam } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { SeamView } from '@seamark/protocol'
import { z } from 'zod'

const guaranteesSchema: z.ZodType<JsonObject> = z.record(z.string(), z.json())

/**
 * One row of the table of seams. `field` is the field of the configuration. Errors: `INVALID_INPUT`
 * where the guarantees are not plain data.
 */
export function seamView(field: string, part: Seam<string>, isDefault: boolean): SeamView {
  const guarantees = guaranteesSchema.safeParse(part.guarantees)
  if (!guarantees.success)
    throw new SeamError('INVALID_INPUT', `The guarantees of ${field} "${part.name}" are not plain data.`)
  return { seam: field, spec: part.spec, kind: part.kind, name: part.name, guarantees: guarantees.data, isDefault }
}
