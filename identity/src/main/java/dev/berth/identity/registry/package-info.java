/**
 * Users and passwords of private image registries, as the functions give them that models name
 * ({@code RepositoryCredentialsProviderArn}).
 */
@NullMarked
package dev.berth.identity.registry;

import org.jspecify.annotations.NullMarked;
