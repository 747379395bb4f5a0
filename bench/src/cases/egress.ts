import type { Egress } from '@seamark/core'
import { gatewayEgress } from '@seamark/gateway'
import { systemCode } from '@seamark/kit'
import { execFileSync, fork, type ChildProcess } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http'
import { Agent as TlsAgent, request as requestTls } from 'node:https'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bareSqlite } from '../bare-sqlite.ts'
import type { Line, Scale } from '../line.ts'
import { inTurn, median, msOf, pairedRatio } from '../stats.ts'
import { inTemporary } from '../temp.ts'

const CONNECTIONS = 1_000
const ATTEMPTS = 100
const program = fileURLToPath(new URL('../egress-host.ts', import.meta.url))
const plain = 'a proxy of a few lines in Node (http to https, connections kept)'

/** Calls through the gateway, each group of decisions one durable commit, in turn with calls through a plain proxy. */
export async function measure(scale: Scale): Promise<Line[]> {
  return inTemporary(async (dir) => {
    makeCertificates(dir)
    const host = await started('host', dir)
    const proxy = await started('proxy', dir, String(host.said))
    const bare = bareSqlite(join(dir, 'bare.db'))
    const note = (): Promise<void> => Promise.resolve(bare.commitOne())
    const ca = readFileSync(join(dir, 'ca.pem'), 'utf8')
    const egress = gatewayEgress({
      privateRanges: ['127.0.0.0/8'],
      extraCas: [ca],
      // Each call is measured with a record of its own.
      limits: { maxConnections: 2 * CONNECTIONS, maxEqualDecisions: 1_000_000 },
    })
    try {
      const open = openIn(egress, dir, host.said, note)
      const path = `/to/127.0.0.1:${host.said}/x`
      await open('a')
      const kept = { keepAlive: true, maxSockets: CONNECTIONS }
      const agents = [new Agent(kept), new Agent(kept), new TlsAgent({ ...kept, ca })] as const
      const gateway = () => answered(() => request({ socketPath: join(dir, 'a'), path, agent: agents[0] }))
      const naive = () => answered(() => request({ socketPath: join(dir, 'plain.sock'), path: '/x', agent: agents[1] }))
      const direct = () =>
        answered(() => requestTls({ host: '127.0.0.1', port: host.said, path: '/x', agent: agents[2] }))
      const count = scale === 'quick' ? 150 : 1_500
      const one = (call: () => Promise<void>) => () => msOf(call)
      const afterCommit = async (): Promise<void> => {
        bare.commitOne()
        await naive()
      }
      await inTurn(100, one(gateway), one(afterCommit))
      const memory = await memoryLine(open, dir, path)
      const singly = await inTurn(count, one(gateway), one(afterCommit))
      const alone = await inTurn(count, one(gateway), async () => (await msOf(direct)) + (await msOf(note)))
      const calls = scale === 'quick' ? 2_000 : 15_000
      const rate = (call: () => Promise<void>) => async () => (calls / (await msOf(() => flood(call, calls)))) * 1_000
      await inTurn(1, rate(gateway), rate(naive))
      const many = await inTurn(scale === 'quick' ? 2 : 5, rate(gateway), rate(naive))
      return [
        {
          what: 'call through the gateway, with its record',
          measured: { value: median(singly.measured), unit: 'ms' },
          baseline: { value: median(singly.baseline), unit: 'ms' },
          against: `one durable commit, then ${plain} (p50 of both)`,
          bounds: [{ kind: 'ratio', on: 'ratio', is: '≤', limit: 2.5 }],
        },
        {
          what: 'call through the gateway, beyond the direct one and a commit',
          measured: { value: median(alone.measured) - median(alone.baseline), unit: 'ms' },
          bounds: [{ kind: 'time', on: 'measured', is: '≤', limit: 1 }],
        },
        {
          what: `calls through the gateway, ${CONNECTIONS.toLocaleString('en-US')} at once`,
          measured: { value: median(many.measured), unit: '/s' },
          baseline: { value: median(many.baseline), unit: '/s' },
          against: plain,
          ratio: pairedRatio(many),
          bounds: [
            { kind: 'ratio', on: 'ratio', is: '≥', limit: 0.5 },
            { kind: 'time', on: 'measured', is: '≥', limit: 3_000 },
          ],
        },
        memory,
      ]
    } finally {
      await egress.close()
      bare.close()
      for (const { child } of [host, proxy]) child.disconnect()
    }
  })
}

function makeCertificates(dir: string): void {
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...key, '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Authority')
  openssl('req', ...key, '-keyout', 'host.key', '-out', 'host.csr', '-subj', '/CN=host')
  writeFileSync(join(dir, 'names'), 'subjectAltName=IP:127.0.0.1\n')
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names']
  openssl('x509', '-req', '-in', 'host.csr', ...signed, '-days', '2', '-out', 'host.pem')
}

function started(...argv: readonly string[]): Promise<{ readonly child: ChildProcess; readonly said: number }> {
  const child = fork(program, argv)
  return new Promise((resolve, reject) => {
    child.once('message', (said) => resolve({ child, said: Number(said) }))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${argv[0]} ended with ${code}`)))
  })
}

function openIn(egress: Egress, dir: string, port: number, note: () => Promise<void>) {
  return (name: string) =>
    egress.open({
      launchId: name,
      socketPath: join(dir, name),
      rules: [
        { host: '127.0.0.1', port, mode: 'endpoint' },
        { host: 'other.example', mode: 'intercept' },
      ],
      port: { note },
    })
}

function answered(make: () => ClientRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = make()
    // A full backlog is waited for, as the forwarder does.
    sent.on('error', (error) => {
      if (systemCode(error) === 'EAGAIN') setTimeout(() => void answered(make).then(resolve, reject), 5)
      else reject(error)
    })
    sent.on('response', (answer: IncomingMessage) => {
      answer.resume()
      answer.on('error', reject)
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`It was ${answer.statusCode}.`)),
      )
    })
    sent.end()
  })
}

async function flood(call: () => Promise<void>, calls: number): Promise<void> {
  let left = calls
  const worker = async (): Promise<void> => {
    while (left-- > 0) await call()
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, worker))
}

/** What 100 more attempts take in the gateway's process, each with an authority and a call behind it. */
async function memoryLine(open: (name: string) => Promise<unknown>, dir: string, path: string): Promise<Line> {
  const before = residentBytes()
  for (let at = 0; at < ATTEMPTS; at++) await open(`m${at}`)
  const one = (at: number) => answered(() => request({ socketPath: join(dir, `m${at}`), path, agent: false }))
  await Promise.all(Array.from({ length: ATTEMPTS }, (_, at) => one(at)))
  return {
    what: `memory of a way out, ${ATTEMPTS} at once`,
    measured: { value: (residentBytes() - before) / ATTEMPTS / 2 ** 20, unit: 'MiB' },
    bounds: [{ kind: 'size', on: 'measured', is: '≤', limit: 3 }],
  }
}

function residentBytes(): number {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1').trim().split(' ')
  const isGateway = (pid: string): boolean =>
    /gateway\/(?:src|dist)\/program/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'))
  const status = readFileSync(`/proc/${children.find(isGateway) ?? ''}/status`, 'latin1')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1_024
}
