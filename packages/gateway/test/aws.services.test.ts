import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CredentialWay } from '@seamark/core'
import { egressGateway, listenPrivately, type EgressGateway } from '@seamark/gateway'
import { startMoto, type RunningServer } from '@seamark/testing-services'
import { call, type Got } from './support/client.ts'
import { secureServer, type SecureServer } from './support/issuers.ts'

// Moto checks each signature with botocore once it is told to, and knows the keys that it issued.

let moto: RunningServer & { readonly endpoint: string }
let server: SecureServer
let gateway: EgressGateway
let folder: string
const keys = new Map<string, string>()
const region = 'us-east-1'

/** Before signatures are checked. */
async function ask(service: string, fields: Readonly<Record<string, string>>): Promise<string> {
  const answer = await fetch(moto.endpoint, {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=x/20260101/${region}/${service}/aws4_request, Signature=0` },
    body: new URLSearchParams({ Version: service === 'iam' ? '2010-05-08' : '2011-06-15', ...fields }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return text
}

const tag = (xml: string, name: string): string => new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1] ?? ''
const keysIn = (xml: string) => {
  const token = tag(xml, 'SessionToken')
  return JSON.stringify({
    Version: 1,
    AccessKeyId: tag(xml, 'AccessKeyId'),
    SecretAccessKey: tag(xml, 'SecretAccessKey'),
    ...(token !== '' && { SessionToken: token }),
  })
}

beforeAll(async () => {
  moto = await startMoto()
  const all = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] })
  const doc = { PolicyName: 'all', PolicyDocument: all }
  await ask('iam', { Action: 'CreateUser', UserName: 'u' })
  await ask('iam', { Action: 'PutUserPolicy', UserName: 'u', ...doc })
  const user = keysIn(await ask('iam', { Action: 'CreateAccessKey', UserName: 'u' }))
  const role = await ask('iam', { Action: 'CreateRole', RoleName: 'r', AssumeRolePolicyDocument: '{}' })
  await ask('iam', { Action: 'PutRolePolicy', RoleName: 'r', ...doc })
  const session = keysIn(
    await ask('sts', { Action: 'AssumeRole', RoleArn: tag(role, 'Arn'), RoleSessionName: 'session' }),
  )
  const wrong = user.replace(/("SecretAccessKey":")[^"]{4}/, '$1zzzz')
  for (const service of ['s3', 'sts']) {
    keys.set(`${service}-user`, user)
    keys.set(`${service}-session`, session)
    keys.set(`${service}-wrong`, wrong)
  }
  keys.set('s3-unsigned', user)
  await fetch(`${moto.endpoint}/moto-api/reset-auth`, { method: 'POST', body: '0' })
  // TLS before it, as of a service: what is signed is passed on as it is.
  server = await secureServer(() => (req, res) => {
    const asked = request(moto.endpoint, { method: req.method, path: req.url, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(res)
    })
    asked.on('error', () => res.destroy())
    req.pipe(asked)
  })
  const wayOf = (name: string): CredentialWay => ({
    way: 'sigv4',
    region,
    service: name.split('-')[0] ?? '',
    ...(name.endsWith('unsigned') && { payload: 'unsigned' }),
  })
  gateway = egressGateway({
    privateRanges: ['127.0.0.0/8'],
    extraCas: [server.ca],
    credentials: Object.fromEntries([...keys.keys()].map((name) => [name, wayOf(name)])),
    resolve: (name) => Promise.resolve({ value: Buffer.from(keys.get(name) ?? '') }),
  })
  folder = await mkdtemp(join(tmpdir(), 'gw-'))
  for (const name of keys.keys())
    await gateway.open({
      launchId: `sm-${name}`,
      listener: await listenPrivately(join(folder, name)),
      rules: [{ host: '127.0.0.1', port: server.port, mode: 'endpoint', paths: ['/*'], inject: name }],
      decided: () => Promise.resolve(),
    })
}, 60_000)

afterAll(async () => {
  await gateway.close()
  await server.close()
  await moto.stop()
  await rm(folder, { recursive: true })
})

const send = (
  name: string,
  method: string,
  path: string,
  body = '',
  headers: Record<string, string> = {},
): Promise<Got> =>
  call(join(folder, name), `/to/127.0.0.1:${server.port}${path}`, {
    method,
    headers: { ...headers, ...(body !== '' && { 'content-length': String(Buffer.byteLength(body)) }) },
    body,
  })

describe('signatures that moto checks', () => {
  it.each(['user', 'session'])('are right for STS, by the keys of a %s', async (who) => {
    const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
    const got = await send(`sts-${who}`, 'POST', '/', 'Action=GetCallerIdentity&Version=2011-06-15', form)
    expect(got.status).toBe(200)
    expect(tag(got.body, 'Arn')).toContain(who === 'user' ? ':user/u' : ':assumed-role/r/session')
  })

  it.each(['user', 'session', 'unsigned'])('are right for S3, in all that a request has (%s)', async (who) => {
    const name = `s3-${who}`
    const bucket = `bucket-${who}`
    expect(await send(name, 'PUT', `/${bucket}`)).toMatchObject({ status: 200 })
    const key = `/${bucket}/folder/a%20b-c_d~e.txt`
    const meta = { 'x-amz-meta-note': '  two   spaces ', 'content-type': 'text/plain' }
    expect(await send(name, 'PUT', key, 'hello', meta)).toMatchObject({ status: 200 })
    expect(await send(name, 'GET', key)).toMatchObject({ status: 200, body: 'hello' })
    // Moto decodes a slash in a query before it checks; AWS does not.
    const listed = await send(name, 'GET', `/${bucket}?prefix=folder&list-type=2&start-after=a%20b&max-keys=5`)
    expect(listed.status).toBe(200)
    expect(tag(listed.body, 'Prefix')).toBe('folder')
    expect(await send(name, 'DELETE', key)).toMatchObject({ status: 204 })
  })

  it.each(['s3', 'sts'])('are refused where the key is another one: %s', async (service) => {
    const got = await send(`${service}-wrong`, 'GET', service === 's3' ? '/' : '/?Action=GetCallerIdentity')
    expect(got.status).toBe(403)
    expect(got.body).toContain('SignatureDoesNotMatch')
  })
})
