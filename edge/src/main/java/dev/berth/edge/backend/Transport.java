package dev.berth.edge.backend;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;

/** The operating system's way of waiting for sockets. */
public record Transport(
    IoHandlerFactory io,
    ChannelFactory<? extends ServerChannel> servers,
    ChannelFactory<? extends Channel> clients) {

  /** Returns epoll where it can be had, else NIO. */
  public static Transport best() {
    return Epoll.isAvailable()
        ? new Transport(
            EpollIoHandler.newFactory(), EpollServerSocketChannel::new, EpollSocketChannel::new)
        : new Transport(
            NioIoHandler.newFactory(), NioServerSocketChannel::new, NioSocketChannel::new);
  }
}
