import { inspect } from 'node:util'
import type { ErrorCode } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import { fromAwsError, saysNothing, wantsNewCredentials } from '../src/aws.ts'
import { SeamError } from '../src/errors.ts'

const call = { doing: 'Storing a', action: 's3:PutObject', resource: 'arn:aws:s3:::b/*' }

/** An error as AWS's clients make it. */
function answered(name: string, status: number, more: object = {}): Error {
  return Object.assign(new Error('UnknownError'), { name, $metadata: { httpStatusCode: status }, ...more })
}

describe('an error of AWS', () => {
  it.each<readonly [ErrorCode, Error]>([
    ['FORBIDDEN', answered('AccessDenied', 403)],
    ['FORBIDDEN', answered('Forbidden', 403)],
    ['UNAUTHENTICATED', answered('SignatureDoesNotMatch', 403)],
    ['UNAUTHENTICATED', answered('ExpiredToken', 400)],
    ['UNAUTHENTICATED', Object.assign(new Error('none'), { name: 'CredentialsProviderError' })],
    ['UNAVAILABLE', answered('RequestTimeTooSkewed', 403)],
    ['LIMIT_EXCEEDED', answered('SlowDown', 503)],
    ['LIMIT_EXCEEDED', answered('ThrottlingException', 400)],
    ['UNAVAILABLE', answered('InternalError', 500)],
    ['UNAVAILABLE', answered('BadDigest', 400)],
    ['UNAVAILABLE', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })],
    ['UNAVAILABLE', Object.assign(answered('Error', 404), { code: 'ECONNRESET' })],
    ['TIMEOUT', Object.assign(new Error('late'), { name: 'TimeoutError' })],
    ['ABORTED', Object.assign(new Error('stop'), { name: 'AbortError' })],
    ['UNSUPPORTED', answered('NotImplemented', 501)],
    ['INVALID_INPUT', answered('InvalidArgument', 400)],
  ])('is %s: %s', (code, error) => {
    expect(fromAwsError(error, call).code).toBe(code)
  })

  it('of a missing right has the line of the policy, for the action that the service names', () => {
    const [own] = fromAwsError(answered('AccessDenied', 403), call).problems
    expect(own?.remedy).toContain('{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}')
    const key = 'arn:aws:kms:eu-central-1:111122223333:key/k'
    for (const [where, resource] of [
      [`on resource: ${key} because no policy allows it`, key],
      [`on resource: "${key}" with an explicit deny`, key],
      ['on the resource associated with this ciphertext', '*'],
    ] as const) {
      const message = `User: x is not authorized to perform: kms:GenerateDataKey ${where}`
      const [other] = fromAwsError(answered('AccessDenied', 403, { message }), call).problems
      expect(other?.remedy).toContain(`{"Effect":"Allow","Action":"kms:GenerateDataKey","Resource":"${resource}"}`)
    }
  })

  it('of one of several missing rights has the line for all, or for the one that the service names', () => {
    const several = { ...call, action: ['s3:PutObject', 's3:PutObjectRetention'] }
    const [all] = fromAwsError(answered('AccessDenied', 403), several).problems
    expect(all?.remedy).toContain(
      '{"Effect":"Allow","Action":["s3:PutObject","s3:PutObjectRetention"],"Resource":"arn:aws:s3:::b/*"}',
    )
    const message = 'User: x is not authorized to perform: s3:PutObjectRetention on resource: "arn:aws:s3:::b/k"'
    const [one] = fromAwsError(answered('AccessDenied', 403, { message }), several).problems
    expect(one?.remedy).toContain('{"Effect":"Allow","Action":"s3:PutObjectRetention","Resource":"arn:aws:s3:::b/*"}')
  })

  it('keeps the delay that the service asks for, and nothing of the request', () => {
    const $response = { headers: { 'retry-after': '7' } }
    const secret = { config: { headers: { 'x-amz-security-token': 'secret' } } }
    const made = fromAwsError(answered('SlowDown', 503, { $response, ...secret }), call)
    expect(made.retryAfterMs).toBe(7_000)
    expect(JSON.stringify(made.cause, Object.getOwnPropertyNames(made.cause))).not.toContain('secret')
  })

  it('tells code, status and request, and never the words of the service, which can quote the request', () => {
    const $metadata = { httpStatusCode: 403, requestId: 'r-1' }
    const thrown = answered('InvalidSignatureException', 403, { $metadata, message: 'x-amz-security-token:words' })
    const made = fromAwsError(thrown, call)
    expect(made.message).toContain('(InvalidSignatureException, request r-1)')
    expect(made.cause).toMatchObject({ name: 'InvalidSignatureException', status: 403, requestId: 'r-1' })
    expect(inspect(made, { depth: 10, showHidden: true })).not.toContain('words')
  })

  it('that is one of ours stays', () => {
    const own = new SeamError('INTEGRITY', 'x')
    expect(fromAwsError(own, call)).toBe(own)
  })

  it('tells what may be helped by new credentials, and what says nothing', () => {
    expect(wantsNewCredentials(answered('ExpiredToken', 400))).toBe(true)
    expect(wantsNewCredentials(answered('AccessDenied', 403))).toBe(false)
    expect(saysNothing(answered('Unknown', 403))).toBe(true)
    expect(saysNothing(answered('NotFound', 404))).toBe(true)
    expect(saysNothing(answered('NoSuchKey', 404))).toBe(false)
    expect(saysNothing(answered('Unknown', 503))).toBe(false)
  })
})
