import { SeamError } from '@seamark/kit'
import { z } from 'zod'

/** What requests are signed with. */
export interface AwsKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

const visible = /^[\x21-\x7e]+$/

const processOutput = z.looseObject({
  Version: z.literal(1).exactOptional(),
  AccessKeyId: z
    .string()
    .max(200)
    .regex(/^\w{4,}$/),
  SecretAccessKey: z.string().min(8).max(1_000).regex(visible),
  SessionToken: z.string().min(8).max(16_384).regex(visible).exactOptional(),
  Expiration: z.iso.datetime({ offset: true }).exactOptional(),
})

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Reads keys as `credential_process` gives them. Errors: `UNAVAILABLE` for what is none, or over. The value is not repeated. */
export function awsKeys(name: string, value: Uint8Array, now: number): AwsKeys {
  const read = processOutput.safeParse(parsed(Buffer.from(value).toString('utf8')))
  if (!read.success)
    throw new SeamError('UNAVAILABLE', `The secret ${name} is not JSON with AccessKeyId and SecretAccessKey.`, {
      remedy: 'Set what credential_process of the AWS CLI gives.',
    })
  const {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration: end,
  } = read.data
  if (end !== undefined && Date.parse(end) <= now)
    throw new SeamError('UNAVAILABLE', `The keys in the secret ${name} are over.`, { remedy: 'Have new ones issued.' })
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
}
