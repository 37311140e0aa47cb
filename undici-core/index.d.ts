export { Agent, Dispatcher, EnvHttpProxyAgent, ProxyAgent } from 'undici-full';
