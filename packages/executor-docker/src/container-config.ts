import type { LaunchSpec } from '@seamark/core'
import { partOf } from './check-spec.ts'
import { KEEPER, keptCommand, WATCHWORD_VARIABLE } from './keeper.ts'
import { LABEL } from './names.ts'
import type { Settings } from './options.ts'
import type { ContainerConfig } from './container-body.ts'
import type { ImageFacts } from './port.ts'
import { seccompProfile } from './seccomp-profile.ts'
import { TIMER_MS } from './state.ts'

export interface Launching {
  readonly launchId: string
  readonly scope: string
  readonly creator: string
  readonly image: ImageFacts
  /** Cores that the engine has: it refuses a limit of more. */
  readonly cpus: number
  /** Path of the keeper on this machine. */
  readonly keeper: string
  /** Before what the keeper tells of an end. Absent: it tells nothing. */
  readonly watchword?: string
  /** How many processes of ours the program starts before it runs anything of an item. */
  readonly own: number
}

/** Names that the engine sets in every container unless it is told not to, and one that no image may set. */
const ADDED = ['PATH', 'HOSTNAME', WATCHWORD_VARIABLE]

/**
 * More bytes than the log of the engine takes for one byte of output at the worst, an empty line. So a log that was cut
 * at its size for that limit still holds more than the limit.
 */
const LOG_BYTES_PER_BYTE = 64
const LOG_BYTES_MORE = 1024 ** 2

/** What newer engines hide, on older ones too: it is of the whole machine. The runtime leaves out what a kernel does not have. */
const MASKED = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
]

/** The keeper, which no program of an item started. */
const OWN_PROCESSES = 1

/** The container of an attempt. Pure; the spec was checked, and mounts are by their real path. */
export function containerConfig(spec: LaunchSpec, launching: Launching, settings: Settings): ContainerConfig {
  const { image, launchId, scope, creator, keeper, watchword, own } = launching
  const { user, deployment, runtime } = settings
  const limits = narrowed(settings.limits, spec)
  // runc gives such a folder the mode that the image's has, so it needs the right owner.
  const tmpfs = `rw,nosuid,nodev,exec,mode=1777,uid=${user.uid},gid=${user.gid},size=${limits.tmpBytes}`
  const targets = new Set(spec.mounts.map(({ target }) => target))
  // A declared volume would be a folder of the host that no limit bounds.
  const empty = ['/tmp', ...image.volumes].filter((path) => !targets.has(path))
  return {
    Image: image.id,
    // The service ends an attempt at its time. Where it is away, the keeper does.
    Entrypoint: keptCommand(spec, spec.timeoutMs === undefined ? undefined : spec.timeoutMs + TIMER_MS, own),
    Cmd: [],
    Env: environment({ ...spec.env, ...(watchword !== undefined && { [WATCHWORD_VARIABLE]: watchword }) }, image.env),
    WorkingDir: spec.cwd,
    User: `${user.uid}:${user.gid}`,
    Hostname: 'seamark',
    // All of them, always: an image may bring labels of its own by these names.
    Labels: {
      [LABEL.scope]: scope,
      [LABEL.deployment]: deployment,
      [LABEL.launch]: launchId,
      [LABEL.image]: image.id,
      [LABEL.creator]: creator,
      [LABEL.watchword]: watchword ?? '',
      [LABEL.timeoutMs]: label(spec.timeoutMs),
      [LABEL.maxOutputBytes]: label(spec.maxOutputBytes),
      [LABEL.idleMs]: label(spec.limits?.idleMs),
      // A limit of the executor alone is the engine's to hold; one of the spec ends what breaks it.
      [LABEL.pids]: label(spec.limits?.pids === undefined ? undefined : limits.pids),
      [LABEL.diskBytes]: label(spec.limits?.diskBytes),
      [LABEL.notStarted]: '',
      [LABEL.companions]: spec.companions === undefined ? '' : String(spec.companions.length),
      [LABEL.beside]: '',
    },
    Healthcheck: { Test: ['NONE'] },
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    OpenStdin: spec.stdin === 'pipe',
    StdinOnce: false,
    Tty: false,
    // An engine that stops ends it so that no program can make an end of its own out of that.
    StopSignal: 'SIGKILL',
    NetworkDisabled: true,
    HostConfig: {
      Runtime: runtime,
      // The keeper is the first process: it reaps zombies too, and nothing in the container can stop it.
      Init: false,
      Privileged: false,
      ReadonlyRootfs: true,
      NetworkMode: 'none',
      IpcMode: 'private',
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges', `seccomp=${JSON.stringify(seccompProfile())}`],
      MaskedPaths: [...MASKED],
      NanoCpus: Math.round(Math.min(limits.cpus, launching.cpus) * 1e9),
      Memory: limits.memoryBytes,
      MemorySwap: limits.memoryBytes,
      PidsLimit: spec.limits?.pids === undefined ? limits.pids : limits.pids + OWN_PROCESSES,
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
      Tmpfs: Object.fromEntries(empty.map((path) => [path, tmpfs])),
      Mounts: [...spec.mounts, { source: keeper, target: KEEPER, mode: 'read-only' as const }].map(
        ({ source, target, mode }) => ({
          Type: 'bind',
          Source: source,
          Target: target,
          ReadOnly: mode === 'read-only',
          BindOptions: { Propagation: 'rprivate' },
        }),
      ),
      RestartPolicy: { Name: 'no' },
      AutoRemove: false,
      // The one driver that keeps bytes as they are.
      LogConfig: {
        Type: 'local',
        Config: { 'max-size': String(logBytes(spec.maxOutputBytes)), 'max-file': '2', compress: 'false' },
      },
    },
  }
}

/** The executor's limits, and where a spec has a smaller one, that; each container of a launch has its part. */
function narrowed(own: Settings['limits'], spec: LaunchSpec): Settings['limits'] {
  const { cpu = Infinity, memoryBytes = Infinity, pids = Infinity } = spec.limits ?? {}
  return {
    cpus: partOf(Math.min(own.cpus, cpu) * 1000, spec) / 1000,
    memoryBytes: partOf(Math.min(own.memoryBytes, memoryBytes), spec),
    pids: partOf(Math.min(own.pids, pids), spec),
    tmpBytes: own.tmpBytes,
  }
}

const label = (limit: number | undefined): string => (limit === undefined ? '' : String(limit))

/** What stands for a launch that could not start, and is never started. Pure. */
export function notStartedConfig(detail: string, launching: Launching, settings: Settings): ContainerConfig {
  const nothing: LaunchSpec = { argv: ['/'], env: {}, cwd: '/', mounts: [] }
  const config = containerConfig(nothing, launching, settings)
  return { ...config, Labels: { ...config.Labels, [LABEL.notStarted]: detail } }
}

function environment(env: Readonly<Record<string, string>>, ofImage: readonly string[]): string[] {
  const added = [...ADDED, ...ofImage.map((entry) => entry.split('=')[0] ?? '')]
  const away = [...new Set(added)].filter((name) => name !== '' && !Object.hasOwn(env, name))
  return [...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...away]
}

function logBytes(maxOutputBytes: number | undefined): number {
  if (maxOutputBytes === undefined) return Number.MAX_SAFE_INTEGER
  return Math.min(maxOutputBytes * LOG_BYTES_PER_BYTE + LOG_BYTES_MORE, Number.MAX_SAFE_INTEGER)
}
