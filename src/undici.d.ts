// What `undici-core` has of undici. Said here and not there: not every tool follows its link.
declare module 'undici' {
  export { Agent, Dispatcher, EnvHttpProxyAgent, ProxyAgent } from 'undici-full';
}
