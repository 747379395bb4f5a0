/** The body of Docker's request that creates a container, as far as it is used here. */
export interface ContainerConfig {
  Image: string
  Entrypoint: string[]
  Cmd: string[]
  /** `NAME=VALUE`; a name alone takes a variable away that the engine or the image would add. */
  Env: string[]
  WorkingDir: string
  User: string
  Hostname: string
  Labels: Record<string, string>
  Healthcheck: { Test: string[] }
  AttachStdin: false
  AttachStdout: false
  AttachStderr: false
  OpenStdin: boolean
  /** Input stays open when whoever sent some lets go. */
  StdinOnce: false
  Tty: false
  StopSignal: 'SIGKILL'
  NetworkDisabled: boolean
  HostConfig: {
    Runtime: string
    Init: false
    Privileged: false
    ReadonlyRootfs: true
    NetworkMode: 'none' | `container:${string}`
    IpcMode: 'private'
    CapDrop: string[]
    SecurityOpt: string[]
    /** Instead of the engine's own. */
    MaskedPaths: string[]
    NanoCpus: number
    Memory: number
    MemorySwap: number
    PidsLimit: number
    Ulimits: { Name: string; Soft: number; Hard: number }[]
    Tmpfs: Record<string, string>
    Mounts: {
      Type: 'bind'
      Source: string
      Target: string
      ReadOnly: boolean
      BindOptions: { Propagation: 'rprivate' }
    }[]
    RestartPolicy: { Name: 'no' }
    AutoRemove: false
    LogConfig: { Type: 'local'; Config: Record<string, string> }
  }
}
