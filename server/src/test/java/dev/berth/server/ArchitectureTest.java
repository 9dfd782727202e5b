package dev.berth.server;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.time.Instant;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;

/** The house's walls: which module may know which, each with its reason. */
class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.berth");

  @Test
  void the_api_model_knows_nothing_of_hosting() {
    noClasses()
        .that()
        .resideInAPackage("dev.berth.api..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.berth.hosting..",
            "dev.berth.store..",
            "dev.berth.edge..",
            "dev.berth.gateway..",
            "dev.berth.server..",
            "io.netty..")
        .because("the API comes from the official model and is usable without a server")
        .check(CLASSES);
  }

  @Test
  void hosting_knows_no_sockets_engines_or_sql() {
    noClasses()
        .that()
        .resideInAPackage("dev.berth.hosting..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "io.netty..",
            "java.sql..",
            "org.jdbi..",
            "dev.berth.edge..",
            "dev.berth.gateway..",
            "dev.berth.objectstore..",
            "dev.berth.registry..",
            "dev.berth.runtime..",
            "dev.berth.server..",
            "software.amazon..")
        .because("runtimes, stores and wires are replaced behind seams")
        .check(CLASSES);
  }

  @Test
  void the_registry_knows_of_hosting_its_words_and_one_seam_only() {
    noClasses()
        .that()
        .resideInAPackage("dev.berth.registry..")
        .should()
        .dependOnClassesThat(
            resideInAPackage("dev.berth..")
                .and(
                    not(
                        resideInAnyPackage(
                            "dev.berth.registry..",
                            "dev.berth.api..",
                            "dev.berth.store..",
                            "dev.berth.hosting.resource..",
                            "dev.berth.hosting.tag..",
                            "dev.berth.hosting.model.."))))
        .because("a model that was made from a package lives on without it")
        .check(CLASSES);
  }

  @Test
  void a_plan_is_a_function_of_what_it_is_given() {
    noClasses()
        .that()
        .haveNameMatching(
            "dev\\.berth\\.hosting\\.endpoint\\.(EndpointPlanner|FleetAssembly|Plan|Member).*")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.nio.file..", "java.net..", "org.slf4j..", "dev.berth.store..")
        .orShould()
        .dependOnClassesThat()
        .areAssignableTo(InstantSource.class)
        .orShould()
        .callMethod(Instant.class, "now")
        .because("every case of a plan is then a test of three lines")
        .check(CLASSES);
  }

  @Test
  void runtimes_know_only_the_seam_of_hosting() {
    noClasses()
        .that()
        .resideInAPackage("dev.berth.runtime..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.berth.hosting.endpoint..",
            "dev.berth.hosting.model..",
            "dev.berth.hosting.config..",
            "dev.berth.store..",
            "dev.berth.edge..",
            "dev.berth.gateway..",
            "dev.berth.server..")
        .because("a runtime starts, stops and observes; it never decides")
        .check(CLASSES);
  }

  @Test
  void the_gateway_asks_the_routing_snapshot_only() {
    noClasses()
        .that()
        .resideInAPackage("dev.berth.gateway..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.berth.store..",
            "dev.berth.hosting.endpoint..",
            "dev.berth.hosting.model..",
            "dev.berth.runtime..",
            "dev.berth.server..")
        .because("nothing on the invoke path asks the store or knows how a model runs")
        .check(CLASSES);
  }

  @Test
  void transform_jobs_know_hostings_seams_the_store_and_calls_to_backends_only() {
    noClasses()
        .that()
        .resideInAPackage("dev.berth.transform..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.berth.hosting.endpoint..",
            "dev.berth.hosting.config..",
            "dev.berth.gateway..",
            "dev.berth.edge",
            "dev.berth.objectstore..",
            "dev.berth.runtime..",
            "dev.berth.server..",
            "io.netty..",
            "software.amazon..")
        .because("a job runs on any runtime, from any S3 to any S3")
        .check(CLASSES);
  }

  @Test
  void the_packages_of_transform_have_no_cycles() {
    slices().matching("dev.berth.transform.(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void only_the_server_knows_everyone() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.berth.server..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.berth.server..")
        .because("parts take what they use and are wired in one place")
        .check(CLASSES);
  }

  @Test
  void the_server_and_the_command_line_meet_only_where_serving_starts() {
    noClasses()
        .that()
        .resideInAPackage("dev.berth.server.cli..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.berth.hosting..",
            "dev.berth.store..",
            "dev.berth.gateway..",
            "dev.berth.edge..",
            "dev.berth.transform..")
        .because("the command line talks to a server through the public APIs only")
        .check(CLASSES);
  }

  @Test
  void the_packages_of_hosting_have_no_cycles() {
    slices().matching("dev.berth.hosting.(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void the_modules_have_no_cycles() {
    slices().matching("dev.berth.(*)..").should().beFreeOfCycles().check(CLASSES);
  }
}
