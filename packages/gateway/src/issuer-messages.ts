import { z } from 'zod'
import type { Signed } from './issuer.ts'
import type { SignableRequest } from './sigv4-port.ts'

// What the process that serves attempts asks its owner, who issues what is added to requests.

const named = { attempt: z.int(), name: z.string() }

export const tokenMessage: z.ZodType<{ readonly attempt: number; readonly name: string }> = z.strictObject(named)

export const tokenAnswer: z.ZodType<{ readonly value: Uint8Array }> = z.strictObject({
  value: z.instanceof(Uint8Array),
})

export const refusedMessage: z.ZodType<{ readonly attempt: number; readonly name: string; readonly digest: string }> =
  z.strictObject({ ...named, digest: z.string().regex(/^[0-9a-f]{64}$/) })

export const refusedAnswer: z.ZodType<boolean> = z.boolean()

export const standsMessage: z.ZodType<{ readonly attempt: number; readonly name: string }> = z.strictObject(named)

export const standsAnswer: z.ZodType<boolean> = z.boolean()

const field = z.string().max(65_536)
const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9a-z-]{1,200}$/)

/** What may be signed. The library copies what it signs once for each parameter, and not in the time of who asks. */
export const signable: z.ZodType<SignableRequest> = z.strictObject({
  method: z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/),
  path: z
    .string()
    .max(65_536)
    .regex(/^\/[\x21-\x7e]*$/),
  query: z.array(z.tuple([field, field])).max(100),
  headers: z.record(headerName, field.regex(/^[\t\x20-\x7e\x80-\xff]*$/)),
  payload: z.string().regex(/^[0-9A-Za-z-]{1,100}$/),
})

export const signMessage: z.ZodType<{
  readonly attempt: number
  readonly name: string
  readonly request: SignableRequest
}> = z.strictObject({
  ...named,
  request: signable,
})

export const signAnswer: z.ZodType<Signed> = z.strictObject({
  headers: z.array(z.string()),
  sessionToken: z.string().exactOptional(),
})
