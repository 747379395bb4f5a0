import { crc32 } from 'node:zlib'
import type { Failure } from './failures.ts'
import { badRequest } from './fault.ts'
import type { Fault } from './fault.ts'
import { isObject } from './json.ts'
import type { SseEvent } from './sse.ts'

/** Where Claude models are served besides at their vendor. */
export interface Platform {
  readonly name: 'bedrock' | 'vertex'
  /** Of the path, which names it in place of the body; `undefined` where the body does. */
  readonly model: string | undefined
  /** Where the path decides it. */
  readonly stream?: boolean
}

const BEDROCK = /^\/model\/([^/]+)\/(invoke|invoke-with-response-stream)$/
const VERTEX =
  /^\/v1\/projects\/[^/]+\/locations\/[^/]+\/publishers\/anthropic\/models\/([^/:]+):(?:rawPredict|streamRawPredict)$/

/** The platform whose path this is. Errors: `URIError` for a name that is not encoded as a path is. */
export function platformOf(path: string): Platform | undefined {
  const [, onBedrock, verb] = BEDROCK.exec(path) ?? []
  if (onBedrock !== undefined)
    return { name: 'bedrock', model: decodeURIComponent(onBedrock), stream: verb !== 'invoke' }
  const [, onVertex] = VERTEX.exec(path) ?? []
  if (onVertex === undefined) return undefined
  return { name: 'vertex', model: onVertex === 'count-tokens' ? undefined : decodeURIComponent(onVertex) }
}

const VERSIONS = { bedrock: 'bedrock-2023-05-31', vertex: 'vertex-2023-10-16' } as const

/** A body as the Messages API would have it, and what the platform would refuse in it. */
export function fromPlatform(
  { name, model, stream }: Platform,
  value: unknown,
): { readonly value: unknown; readonly faults: readonly Fault[] } {
  if (!isObject(value)) return { value, faults: [] }
  const { anthropic_version: version, anthropic_beta: _, ...body } = value
  const said = model === undefined ? [] : ['model']
  const faults = [...said, ...(stream === undefined ? [] : ['stream'])]
    .filter((member) => Object.hasOwn(body, member))
    .map((member) => badRequest('unknown-member', `${member}: Extra inputs are not permitted`, [member]))
  if (version !== VERSIONS[name])
    faults.push(badRequest('version', `anthropic_version: Input should be '${VERSIONS[name]}'`, ['anthropic_version']))
  return { value: { ...body, ...(model !== undefined && { model }), ...(stream !== undefined && { stream }) }, faults }
}

/** How the Messages API answers on Bedrock: https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html. */
const AWS_ERRORS: Readonly<Record<number, readonly [number, string]>> = {
  400: [400, 'ValidationException'],
  401: [403, 'UnrecognizedClientException'],
  403: [403, 'AccessDeniedException'],
  404: [404, 'ResourceNotFoundException'],
  405: [405, 'UnknownOperationException'],
  413: [413, 'ValidationException'],
  429: [429, 'ThrottlingException'],
  500: [500, 'InternalServerException'],
  529: [503, 'ServiceUnavailableException'],
}

/** What Google answers itself, by status: https://cloud.google.com/apis/design/errors. The rest is of the model's own API. */
const GOOGLE_ERRORS: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
}

function errorOf(body: object): Readonly<Record<string, unknown>> {
  return 'error' in body && isObject(body.error) ? body.error : {}
}

/** A failure of the Messages API as the platform answers it. */
export function platformFailure({ name }: Platform, { status, headers, body }: Failure): Failure {
  const { message } = errorOf(body)
  // No platform tells the limits of Anthropic.
  const kept = Object.fromEntries(Object.entries(headers).filter(([header]) => header === 'retry-after'))
  if (name === 'bedrock') {
    const [answered, type] = AWS_ERRORS[status] ?? [500, 'InternalServerException']
    return { status: answered, headers: { ...kept, 'x-amzn-errortype': type }, body: { message } }
  }
  const word = GOOGLE_ERRORS[status]
  return { status, headers: kept, body: word === undefined ? body : { error: { code: status, message, status: word } } }
}

function frame(headers: Readonly<Record<string, string>>, payload: object): Buffer {
  const head = Buffer.concat(
    Object.entries(headers).map(([name, value]) => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(Buffer.byteLength(value))
      // Type 7 is a text.
      return Buffer.concat([
        Buffer.from([name.length]),
        Buffer.from(name),
        Buffer.from([7]),
        length,
        Buffer.from(value),
      ])
    }),
  )
  const bytes = Buffer.from(JSON.stringify(payload))
  const prelude = Buffer.alloc(12)
  prelude.writeUInt32BE(16 + head.length + bytes.length, 0)
  prelude.writeUInt32BE(head.length, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  const message = Buffer.concat([prelude, head, bytes])
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(message))
  return Buffer.concat([message, sum])
}

/** An exception of the stream, by the type of error of the Messages API. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  rate_limit_error: 'throttlingException',
  overloaded_error: 'serviceUnavailableException',
  invalid_request_error: 'validationException',
}

/** An event of a stream as a message of AWS's event stream: https://smithy.io/2.0/aws/amazon-eventstream.html. */
export function eventFrame({ event, data }: SseEvent): Buffer {
  const headers = { ':content-type': 'application/json' }
  if (event === 'error' && typeof data === 'object') {
    const { type, message } = errorOf(data)
    const exception = EXCEPTIONS[String(type)] ?? 'internalServerException'
    return frame({ ':exception-type': exception, ...headers, ':message-type': 'exception' }, { message })
  }
  const bytes = Buffer.from(JSON.stringify(data)).toString('base64')
  return frame({ ':event-type': 'chunk', ...headers, ':message-type': 'event' }, { bytes })
}
