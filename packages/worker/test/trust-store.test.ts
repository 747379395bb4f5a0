import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer as createProxy } from 'node:http'
import { createServer } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { javaOptions, trustStore } from '../src/trust-store.ts'
import { temporary } from './repository.ts'

const hasJava = spawnSync('java', ['-version']).status === 0

function authority(dir: string): string {
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl(
    'req',
    '-x509',
    ...key,
    '-days',
    '2',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=Authority of a test',
  )
  openssl('req', ...key, '-keyout', 'host.key', '-out', 'host.csr', '-subj', '/CN=host.example')
  writeFileSync(join(dir, 'ext'), 'subjectAltName=DNS:host.example\n')
  const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'ext']
  openssl('x509', '-req', '-in', 'host.csr', ...by, '-out', 'host.pem')
  return readFileSync(join(dir, 'ca.pem'), 'utf8')
}

describe('a trust store', () => {
  it('has every certificate, as openssl reads it', () => {
    const dir = temporary()
    const ca = authority(dir)
    writeFileSync(join(dir, 'store.p12'), trustStore([...rootCertificates, ca, 'no certificate']))
    const args = ['pkcs12', '-in', 'store.p12', '-nokeys', '-nomacver', '-passin', 'pass:']
    const read = execFileSync('openssl', args, { cwd: dir, encoding: 'utf8', stdio: 'pipe' })
    const bodies = (text: string) =>
      [...text.matchAll(/-----BEGIN [^-]*-----([^-]*)-----END/g)].map(([, body = '']) => body.replaceAll(/\s/g, ''))
    expect(bodies(read)).toEqual([...rootCertificates, ca].flatMap(bodies))
  })

  it.runIf(hasJava)(
    'lets Java through a proxy to a host of its authority, and to none without it (where Java is installed)',
    async () => {
      const dir = temporary()
      const ca = authority(dir)
      writeFileSync(join(dir, 'Fetch.class'), Buffer.from(fetchClass, 'base64'))
      const tls = { key: readFileSync(join(dir, 'host.key')), cert: readFileSync(join(dir, 'host.pem')) }
      const host = createServer(tls, (_, res) => res.end('from the host')).listen(0, '127.0.0.1')
      const asked: (string | undefined)[] = []
      const proxy = createProxy().listen(0, '127.0.0.1')
      await Promise.all([once(host, 'listening'), once(proxy, 'listening')])
      onTestFinished(() => {
        for (const server of [host, proxy]) server.close().closeAllConnections()
      })
      proxy.on('connect', ({ url }, client) => {
        asked.push(url)
        const to = connect((host.address() as AddressInfo).port, '127.0.0.1', () =>
          client.write('HTTP/1.1 200 OK\r\n\r\n'),
        )
        to.on('error', () => client.destroy())
        client.on('error', () => to.destroy())
        to.pipe(client).pipe(to)
      })
      const { port } = proxy.address() as AddressInfo
      const fetched = (certificates: readonly string[]) => {
        writeFileSync(join(dir, 'store.p12'), trustStore(certificates))
        const env = {
          PATH: process.env['PATH'],
          JAVA_TOOL_OPTIONS: javaOptions(port, join(dir, 'store.p12')).join(' '),
        }
        return promisify(execFile)('java', ['-cp', dir, 'Fetch', 'https://host.example/'], { env })
      }
      expect((await fetched([...rootCertificates, ca])).stdout).toBe('from the host')
      await expect(fetched(rootCertificates)).rejects.toMatchObject({
        stderr: expect.stringContaining('unable to find valid certification path'),
      })
      expect(asked).toEqual(['host.example:443', 'host.example:443'])
    },
  )
})

/** `new URL(args[0]).openStream()`, to standard output; made by javac with `--release 9 -g:none`. */
const fetchClass =
  'yv66vgAAADUAPAoAAgADBwAEDAAFAAYBABBqYXZhL2xhbmcvT2JqZWN0AQAGPGluaXQ+AQADKClWBwAIAQAMamF2YS9uZXQvVVJMCgAHAAoMAA' +
  'UACwEAFShMamF2YS9sYW5nL1N0cmluZzspVgoABwANDAAOAA8BAApvcGVuU3RyZWFtAQAXKClMamF2YS9pby9JbnB1dFN0cmVhbTsJABEAEgcA' +
  'EwwAFAAVAQAQamF2YS9sYW5nL1N5c3RlbQEAA291dAEAFUxqYXZhL2lvL1ByaW50U3RyZWFtOwcAFwEAEGphdmEvbGFuZy9TdHJpbmcKABkAGg' +
  'cAGwwAHAAdAQATamF2YS9pby9JbnB1dFN0cmVhbQEADHJlYWRBbGxCeXRlcwEABCgpW0IIAB8BAAVVVEYtOAoAFgAhDAAFACIBABcoW0JMamF2' +
  'YS9sYW5nL1N0cmluZzspVgoAJAAlBwAmDAAnAAsBABNqYXZhL2lvL1ByaW50U3RyZWFtAQAFcHJpbnQKABkAKQwAKgAGAQAFY2xvc2UHACwBAB' +
  'NqYXZhL2xhbmcvVGhyb3dhYmxlCgArAC4MAC8AMAEADWFkZFN1cHByZXNzZWQBABgoTGphdmEvbGFuZy9UaHJvd2FibGU7KVYHADIBAAVGZXRj' +
  'aAEABENvZGUBAARtYWluAQAWKFtMamF2YS9sYW5nL1N0cmluZzspVgEADVN0YWNrTWFwVGFibGUHADgBABNbTGphdmEvbGFuZy9TdHJpbmc7AQ' +
  'AKRXhjZXB0aW9ucwcAOwEAE2phdmEvbGFuZy9FeGNlcHRpb24AIQAxAAIAAAAAAAIAAQAFAAYAAQAzAAAAEQABAAEAAAAFKrcAAbEAAAAAAAkA' +
  'NAA1AAIAMwAAAIwABQAEAAAAQbsAB1kqAzK3AAm2AAxMsgAQuwAWWSu2ABgSHrcAILYAIyvGAB4rtgAopwAXTSvGABArtgAopwAJTiwttgAtLL' +
  '+xAAIADgAhACwAKwAxADUAOAArAAEANgAAACkABP8ALAACBwA3BwAZAAEHACv/AAsAAwcANwcAGQcAKwABBwArBfkAAQA5AAAABAABADoAAA=='
