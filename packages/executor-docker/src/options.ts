import { SeamError } from '@seamark/kit'

export interface DockerExecutorOptions {
  /**
   * What attempts run in: `name@sha256:<digest>`, an image id `sha256:<64 hex>`, or a tag. A tag is resolved once, at
   * first use. The engine must have it: nothing is pulled.
   */
  readonly image: string
  /** Refuses a tag. Default false. */
  readonly requireDigest?: boolean
  /** The name of this instance. Default `docker`. */
  readonly name?: string
  /**
   * Images that services of items may be containers of, each as `name@sha256:<digest>` or an image id, as plans name them. The engine must
   * have them. Only with the runtime `runc`. Default: none.
   */
  readonly serviceImages?: readonly string[]
  /** Keeps deployments on one engine apart; part of every name and label there. Default `default`. */
  readonly deployment?: string
  /** The engine's socket. Default `/var/run/docker.sock`. */
  readonly socketPath?: string
  /** The OCI runtime, by the engine's name for it, such as `runsc`. Default `runc`. */
  readonly runtime?: string
  /** Whom attempts run as. Default: the user of this process; where that is root, the user of `sandboxIdentity`. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /**
   * The service's data folder: read-only mounts in it that the attempt's user can not read are given to that user, where this
   * process is root. Others are refused. Needed there for ways out, layers of a set-up, and `filesystem.write`.
   */
  readonly dir?: string
  readonly limits?: DockerLimits
  /** Told of what went wrong where no call waits for it, and is tried again. Default: only `unavailable` tells it. */
  readonly onNotice?: (error: Error) => void
}

export interface DockerLimits {
  /** Cores, such as 1.5. Default 2. */
  readonly cpus?: number
  /** Default 4 GiB; what is in `/tmp` and `/dev/shm` counts. There is no swap beyond it. */
  readonly memoryBytes?: number
  /** Default 512. */
  readonly pids?: number
  /** Size of `/tmp`. Default 1 GiB. */
  readonly tmpBytes?: number
}

/** Options with every default in its place. */
export interface Settings {
  readonly image: string
  readonly serviceImages: readonly string[]
  readonly name: string
  readonly deployment: string
  readonly socketPath: string
  readonly runtime: string
  readonly user: { readonly uid: number; readonly gid: number }
  readonly dir?: string
  readonly limits: Required<DockerLimits>
}

const GIB = 1024 ** 3
const WORD = /^[a-z0-9][a-z0-9_-]{0,39}$/
// Docker's grammar of references, without what it calls a familiar name's defaults.
const REFERENCE =
  /^[a-zA-Z0-9][a-zA-Z0-9._-]*(:\d+)?(\/[a-z0-9][a-z0-9._-]*)*(:[\w][\w.-]{0,127})?(@sha256:[a-f0-9]{64})?$/
const IMAGE_ID = /^sha256:[a-f0-9]{64}$/

/** Whether a reference names content and not a tag that may move. */
export function isPinned(image: string): boolean {
  return IMAGE_ID.test(image) || (REFERENCE.test(image) && image.includes('@sha256:'))
}

/** Refuses options that can not be honoured with `INVALID_INPUT`. Pure. */
export function checkOptions(options: DockerExecutorOptions, self: { uid: number; gid: number }): Settings {
  const wrong = (pointer: string, message: string, remedy: string): never => {
    throw new SeamError('INVALID_INPUT', message, { place: { pointer }, remedy })
  }
  const { image, requireDigest = false, name = 'docker', deployment = 'default', runtime = 'runc' } = options
  const { socketPath = '/var/run/docker.sock', user = self, dir, serviceImages = [] } = options
  if (!IMAGE_ID.test(image) && !REFERENCE.test(image))
    wrong('/image', 'The image is no reference that Docker knows.', 'Write it as name@sha256:<digest>.')
  if (requireDigest && !isPinned(image))
    wrong('/image', 'The image is a tag, which may move.', 'Write it as name@sha256:<digest>.')
  serviceImages.forEach((one, i) => {
    if (!isPinned(one))
      wrong(`/serviceImages/${i}`, 'The image is not named by its digest.', 'Write it as name@sha256:<digest>.')
  })
  if (serviceImages.length > 0 && runtime !== 'runc')
    wrong('/serviceImages', `Containers of ${runtime} may have no network together.`, 'Use the runtime runc.')
  if (!WORD.test(name)) wrong('/name', `The name does not match ${WORD.source}.`, 'Choose a name such as docker.')
  if (!WORD.test(deployment))
    wrong('/deployment', `The deployment does not match ${WORD.source}.`, 'Choose a name such as production.')
  if (!/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/.test(runtime))
    wrong('/runtime', 'The runtime is no name of one.', 'Use a name that `docker info` lists, such as runc or runsc.')
  if (!socketPath.startsWith('/') || socketPath.includes('\0'))
    wrong('/socketPath', 'The engine is not named by an absolute path of its socket.', 'Use /var/run/docker.sock.')
  if (dir !== undefined && !dir.startsWith('/'))
    wrong('/dir', 'The data folder is not an absolute path.', 'Resolve it first.')
  const isId = (id: number) => Number.isInteger(id) && id > 0 && id < 2 ** 32 - 1
  if (!isId(user.uid) || !isId(user.gid))
    wrong('/user', 'Attempts never run as root: uid and gid are numbers from 1.', 'Choose another user.')
  const { cpus = 2, memoryBytes = 4 * GIB, pids = 512, tmpBytes = GIB } = options.limits ?? {}
  if (!(cpus >= 0.01 && cpus <= 1024)) wrong('/limits/cpus', 'The cores are not from 0.01 to 1024.', 'Use 2.')
  // The engine refuses less than 6 MiB.
  if (!(Number.isSafeInteger(memoryBytes) && memoryBytes >= 6 * 1024 ** 2))
    wrong('/limits/memoryBytes', 'The memory is not a whole number of bytes from 6 MiB.', 'Use 4294967296.')
  // The first process is the engine's own.
  if (!(Number.isInteger(pids) && pids >= 2 && pids <= 4_194_304))
    wrong('/limits/pids', 'The processes are not a whole number from 2 to 4194304.', 'Use 512.')
  if (!(Number.isSafeInteger(tmpBytes) && tmpBytes >= 4096))
    wrong('/limits/tmpBytes', 'The size of /tmp is not a whole number of bytes from 4096.', 'Use 1073741824.')
  return {
    image,
    serviceImages: [...serviceImages],
    name,
    deployment,
    socketPath,
    runtime,
    user: { uid: user.uid, gid: user.gid },
    ...(dir !== undefined && { dir }),
    limits: { cpus, memoryBytes, pids, tmpBytes },
  }
}
