import type { AttemptOptions, Egress, EgressWay, Executor, LaunchSpec, StepTask } from '@seamark/core'
import { forwarderProgram, throughForwarder } from '@seamark/forwarder'
import { SeamError } from '@seamark/kit'
import { isIPv6 } from 'node:net'
import { chmod, copyFile, mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import type { KnownSecrets } from './known-secrets.ts'
import type { AttemptLayout } from './layout.ts'
import { redactedPort } from './redacted-port.ts'
import { rulesOf } from './runtime-task.ts'
import { javaOptions, trustStore } from './trust-store.ts'

const port = 3_128
const socket = 'gateway.sock'
const authority = 'authority.pem'
const certificates = 'certificates.pem'
const ofJava = 'certificates.p12'
const inside = { folder: '/run/seamark', program: '/run/seamark-forward' } as const
const proxy = `http://127.0.0.1:${port}`

/** The ways out of a worker's launches, by launch id. */
export interface EgressWays {
  /** Adds the way out to a launch whose policy has one. Errors: those of `Egress.open`; `UNSUPPORTED` where nothing can hold it. */
  addTo(
    launch: LaunchSpec,
    task: StepTask,
    attempt: AttemptLayout,
    executor: Executor,
    options?: AttemptOptions,
  ): Promise<LaunchSpec>
  /** Opens the way out of a launch again that an earlier service started. */
  reopen(task: StepTask, attempt: AttemptLayout, options?: AttemptOptions): Promise<void>
  /** Ends it. Idempotent. */
  close(launchId: string): Promise<void>
}

/**
 * Without `egress` nothing is added: a sandbox then has no network. `secrets` is told each value that is added to requests of a
 * launch, and says what no record of one may hold.
 */
export function egressWays(
  egress: Egress | undefined,
  secrets?: Pick<KnownSecrets, 'add' | 'learn' | 'of'>,
): EgressWays {
  const ways = new Map<string, Promise<EgressWay>>()

  async function open(
    given: Egress,
    task: StepTask,
    attempt: AttemptLayout,
    options: AttemptOptions = {},
  ): Promise<EgressWay> {
    if (options.port === undefined)
      throw new SeamError('INTERNAL', 'Nothing can record what the attempt asks to reach.')
    const { launchId } = task
    const socketPath = join(attempt.egress, socket)
    const told = secrets && { used: (name: string, value: Uint8Array) => secrets.add(launchId, name, value) }
    // Of a launch that another process began they are not in mind yet.
    const known = async () => secrets?.of(launchId) ?? secrets?.learn(task)
    const redacted = redactedPort(options.port, known)
    const renewed = (cas: readonly string[]): Promise<void> => placeCertificates(attempt.egress, cas)
    const way = given.open({ launchId, socketPath, rules: rulesOf(task), port: redacted, renewed, ...told }, options)
    ways.set(launchId, way)
    try {
      return await way
    } catch (error) {
      await close(launchId)
      throw error
    }
  }

  async function close(launchId: string): Promise<void> {
    // Whoever opened it was told; there is nothing to close.
    const way = await ways.get(launchId)?.catch(() => undefined)
    await way?.close()
    ways.delete(launchId)
  }

  return {
    async addTo(launch, task, attempt, executor, options) {
      if (egress === undefined || rulesOf(task).length === 0) return launch
      const { filesystem, network } = executor.guarantees
      if (filesystem === 'host' || network.value === 'host')
        throw new SeamError('UNSUPPORTED', `Executor ${executor.name} can not hold an attempt to a way out.`, {
          remedy: 'Name another executor.',
        })
      await mkdir(attempt.egress, { mode: 0o700 })
      await copyFile(forwarderProgram(), attempt.forwarder)
      await chmod(attempt.forwarder, 0o755)
      const way = await open(egress, task, attempt, options)
      return {
        ...launch,
        argv: throughForwarder(launch.argv, { program: inside.program, port, socket: `${inside.folder}/${socket}` }),
        env: { ...launch.env, ...environmentOf(way, launch.env) },
        mounts: [
          ...launch.mounts,
          { source: attempt.egress, target: inside.folder, mode: 'read-only' },
          { source: attempt.forwarder, target: inside.program, mode: 'read-only' },
        ],
      }
    },
    async reopen(task, attempt, options) {
      if (egress !== undefined && rulesOf(task).length > 0 && !ways.has(task.launchId))
        await open(egress, task, attempt, options)
    },
    close,
  }
}

/** Each whole at any time: a program may be reading them. */
async function placeCertificates(folder: string, cas: readonly string[]): Promise<void> {
  if (cas.length === 0) return
  const place = async (name: string, content: string | Uint8Array): Promise<void> => {
    const next = join(folder, `.${name}`)
    await writeFile(next, content, { mode: 0o644 })
    await rename(next, join(folder, name))
  }
  const all = [...rootCertificates, ...cas]
  const text = (pems: readonly string[]) => pems.map((pem) => `${pem.trim()}\n`).join('')
  await place(authority, text(cas))
  await place(certificates, text(all))
  await place(ofJava, trustStore(all))
}

/** What programs of many kinds look at for a proxy, for base URLs, and for what they trust. */
function environmentOf({ cas, endpoints }: EgressWay, given: LaunchSpec['env']): Readonly<Record<string, string>> {
  const local = 'localhost,127.0.0.1'
  const all = `${inside.folder}/${certificates}`
  const urls = endpoints.map(({ host, port: number, path }) => {
    const name = isIPv6(host) ? `[${host}]` : host
    return [number === 443 ? name : `${name}:${number}`, `${proxy}${path.replace(/\/$/, '')}`] as const
  })
  return {
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    NO_PROXY: local,
    no_proxy: local,
    NODE_USE_ENV_PROXY: '1',
    // What the item says comes last, and counts.
    JAVA_TOOL_OPTIONS: [
      ...javaOptions(port, cas.length > 0 ? `${inside.folder}/${ofJava}` : undefined),
      ...(given['JAVA_TOOL_OPTIONS'] === undefined ? [] : [given['JAVA_TOOL_OPTIONS']]),
    ].join(' '),
    SEAMARK_ENDPOINTS: JSON.stringify(Object.fromEntries(urls)),
    ...(cas.length > 0 && {
      NODE_EXTRA_CA_CERTS: `${inside.folder}/${authority}`,
      SSL_CERT_FILE: all,
      CURL_CA_BUNDLE: all,
      GIT_SSL_CAINFO: all,
      PIP_CERT: all,
      REQUESTS_CA_BUNDLE: all,
    }),
  }
}
