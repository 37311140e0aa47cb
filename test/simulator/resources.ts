/** The objects of the API, in its own names. */

/** BATCH runs to completion, PERSISTENT until it is stopped. */
export type Task = 'BATCH' | 'PERSISTENT';

/** A private image that is mounted into the container. */
export interface Volume {
  image?: string;
  mount?: string;
  registry?: string;
  secret?: string;
  tag?: string;
  user?: string;
}

/** What the container is made of. `secret`, `env`, `sshkey` and `volumes[].secret` are secrets. */
export interface ContainerParameters {
  image?: string;
  tag?: string;
  imagesrc?: string;
  host?: string;
  user?: string;
  secret?: string;
  env?: Readonly<Record<string, string>>;
  ports?: readonly number[];
  volumes?: readonly Volume[];
  sshkey?: string;
  allowed_ips?: string | readonly string[];
}

/** The fields that a recipe sets and a cook may override; every one is optional. */
export interface CookFields {
  title?: string;
  description?: string | null;
  task?: Task;
  cpu_count?: number;
  gpu_count?: number;
  min_vram_gb?: number;
  min_ram_gb?: number;
  min_storage_gb?: number;
  gpu_name?: string | null;
  gpu_registry_uuid?: string | null;
  max_node_count?: number;
  max_retry_count?: number;
  max_timeout_assign_ms?: number;
  max_timeout_start_ms?: number;
  max_timeout_run_ms?: number | null;
  parameters?: { type: 'docker'; parameters: ContainerParameters };
  allowed_region_codes?: readonly string[];
}

/** A way to reach a port of the container; `port` is the one outside. */
export interface NodeUrl {
  description: string;
  hostname: string;
  port: number;
  protocol: string;
  tls?: boolean;
}

/** A secret. */
export interface ContainerAccessToken {
  container: string;
  token: string;
}

/** A job. Dates are ISO date-times on the new generation, `YYYY-MM-DD` on the old one. */
export interface Job {
  object: 'job';
  uuid: string;
  created_at: string;
  updated_at: string | null;
  started_at: string | null;
  completed_at: string | null;
  status: string;
  status_reason: string | null;
  task: Task;
  title: string;
  description: string | null;
  cpu_count: number;
  gpu_count: number | null;
  gpu_name: string | null;
  gpu_registry_uuid: string | null;
  min_ram_gb: number;
  min_vram_gb: number;
  min_storage_gb: number;
  max_node_count: number;
  max_retry_count: number;
  max_timeout_assign_ms: number;
  max_timeout_start_ms: number;
  max_timeout_run_ms: number | null;
  timeout_assign_at_ms: number | null;
  image_size_bytes: number | null;
  parameters: CookFields['parameters'] | null;
  container_access_tokens: readonly ContainerAccessToken[];
  source_recipe_uuid: string | null;
  allowed_region_codes?: readonly string[];
}

/** A run of a job on a node. Times are Unix milliseconds; only the single read has `logs`. */
export interface JobRun {
  object: 'job_run';
  uuid: string;
  job_uuid: string;
  status: string;
  started_at_ms: number | null;
  ended_at_ms: number | null;
  duration_ms: number;
  node_urls: readonly NodeUrl[];
  container_access_tokens: readonly ContainerAccessToken[];
  hourly_rate_usd?: number;
  logs?: string | readonly (string | { readonly message: string })[];
}

/** A stored template of jobs. */
export interface Recipe {
  object: 'job_recipe';
  uuid: string;
  name: string;
  description: string | null;
  visibility: string;
  payload: CookFields;
  is_official: boolean;
  is_owner: boolean;
  quickstart_md: string | null;
  input_schema: readonly unknown[];
  thumbnail_url: string | null;
  forked_from_recipe_uuid: string | null;
}

/** A kind of machine that can be had now. */
export interface Offer {
  object: 'compute_offer';
  offer_id: string;
  /** Its members are documented nowhere. */
  availability: Readonly<Record<string, unknown>>;
  region_code: string;
  hardware_summary: {
    cpu_cores: number;
    gpu_count: number;
    gpu_model_label: string;
    gpu_models: readonly {
      count: number;
      gpu_registry_uuid: string;
      min_vram_gib: number;
      name: string;
    }[];
    ram_gib: number;
    storage_gib: number;
  };
  pricing: { hourly_rate_usd: number; quoted_at: string };
}

/** A line of the account's ledger. */
export interface LedgerTransaction {
  object: 'compute_ledger_transaction';
  uuid: string;
  type: string;
  amount_usd: number;
  job_run_uuid: string;
  authorization_uuid: string;
  consumer_account_uuid: string;
  memo: string | null;
  created_at: string;
  updated_at: string;
}
