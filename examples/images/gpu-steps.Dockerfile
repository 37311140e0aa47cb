# An image for steps on the GPU (`ssh: true`): any image with sshd that lets the key in SSH_PUBKEY in.
FROM pytorch/pytorch:2.6.0-cuda12.4-cudnn9-runtime
RUN apt-get update && apt-get install --yes --no-install-recommends openssh-server \
  && rm -rf /var/lib/apt/lists/* && mkdir -p /run/sshd
# The user of the input ssh-user, whose shell finds Python.
RUN useradd --create-home --shell /bin/bash duser && install -d -m 700 -o duser /home/duser/.ssh \
  && echo "SetEnv PATH=$PATH" >> /etc/ssh/sshd_config
EXPOSE 22
CMD echo "$SSH_PUBKEY" > /home/duser/.ssh/authorized_keys && chown -R duser /home/duser/.ssh \
  && ssh-keygen -A && exec /usr/sbin/sshd -D
