# SPDX-License-Identifier: Apache-2.0
#
# add_network_function(NAME
#   SOURCES FILE...                C or assembly
#   [OPTIONS OPTION...]            of the compiler; default: -O2 -g
#   [INCLUDE_DIRECTORIES DIR...]
#   [DEFINITIONS NAME[=VALUE]...]
#   [INTERPROCEDURAL_OPTIMIZATION] optimise across its files (-flto); default: the variable
#                                  CMAKE_INTERPROCEDURAL_OPTIMIZATION
#   [LINK_OPTIONS OPTION...]       of the compiler when it links, and libraries
#   [DEPENDS FILE_OR_TARGET...]    what must be built before
#   [OUTPUT FILE])                 default: NAME.nf in the binary directory
#
# Builds a network function with rf-cc, which has the validator prove it. Adds a target NAME that is built by default; its
# property NETWORK_FUNCTION is the file.
#
# ringfence_add_validation_test(NAME
#   [TARGETS TARGET...]            of add_network_function
#   [FILES FILE...]                network functions that others built
#   [BASELINE FILE]                known findings, which do not fail the test; such a file still would not load
#   [SARIF FILE] [JUNIT FILE]      reports, in the binary directory
#   [OPTIONS OPTION...])           of rf-validate
#
# Adds a test that has rf-validate prove the files.

function(_ringfence_absolute result base)
  set(paths)
  foreach(path IN LISTS ARGN)
    get_filename_component(path "${path}" ABSOLUTE BASE_DIR "${base}")
    list(APPEND paths "${path}")
  endforeach()
  set(${result} "${paths}" PARENT_SCOPE)
endfunction()

function(add_network_function name)
  cmake_parse_arguments(PARSE_ARGV 1 nf "INTERPROCEDURAL_OPTIMIZATION" "OUTPUT" "SOURCES;OPTIONS;INCLUDE_DIRECTORIES;DEFINITIONS;LINK_OPTIONS;DEPENDS")
  if(nf_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "add_network_function(${name}): unknown arguments: ${nf_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT nf_SOURCES)
    message(FATAL_ERROR "add_network_function(${name}): SOURCES is missing")
  endif()
  if(NOT DEFINED nf_OPTIONS)
    set(nf_OPTIONS -O2 -g)
  endif()
  if(NOT nf_OUTPUT)
    set(nf_OUTPUT ${name}.nf)
  endif()
  _ringfence_absolute(output "${CMAKE_CURRENT_BINARY_DIR}" "${nf_OUTPUT}")

  # Within Ringfence's own build, rf-cc and what it needs are targets.
  if(TARGET rf-cc)
    set(compiler $<TARGET_FILE:rf-cc>)
    set(tools rf-cc rf-ld rf-validate RingfencePass rf-sdk-files rf-crt rf-libc ${RF_SHARE}/ringfence.cfg)
    set(link_files ${RF_SHARE}/nf.ld ${RF_SHARE}/lib/crt.o ${RF_SHARE}/lib/librfc.a)
  else()
    set(compiler ${RINGFENCE_CC})
    set(tools ${RINGFENCE_CC})
    set(link_files)
  endif()

  if(nf_INTERPROCEDURAL_OPTIMIZATION OR CMAKE_INTERPROCEDURAL_OPTIMIZATION)
    list(APPEND nf_OPTIONS -flto)
  endif()
  set(flags ${nf_OPTIONS})
  _ringfence_absolute(directories "${CMAKE_CURRENT_SOURCE_DIR}" ${nf_INCLUDE_DIRECTORIES})
  foreach(directory IN LISTS directories)
    list(APPEND flags -I${directory})
  endforeach()
  foreach(definition IN LISTS nf_DEFINITIONS)
    list(APPEND flags -D${definition})
  endforeach()

  set(objects)
  _ringfence_absolute(sources "${CMAKE_CURRENT_SOURCE_DIR}" ${nf_SOURCES})
  foreach(source IN LISTS sources)
    # Two sources may have one name in different folders.
    list(LENGTH objects number)
    get_filename_component(base "${source}" NAME)
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.dir/${number}-${base}.o)
    list(APPEND objects ${object})
    file(RELATIVE_PATH shown "${CMAKE_SOURCE_DIR}" "${source}")
    add_custom_command(OUTPUT ${object}
      COMMAND ${compiler} ${flags} -MD -MT ${object} -MF ${object}.d -c ${source} -o ${object}
      DEPENDS ${source} ${tools} ${nf_DEPENDS}
      DEPFILE ${object}.d
      COMMENT "Compiling ${shown} for network function ${name}"
      VERBATIM)
  endforeach()
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${name}.dir)
  add_custom_command(OUTPUT ${output}
    COMMAND ${compiler} ${nf_OPTIONS} ${objects} ${nf_LINK_OPTIONS} -o ${output}
    DEPENDS ${objects} ${tools} ${link_files} ${nf_DEPENDS}
    COMMENT "Linking and validating network function ${name}"
    VERBATIM)
  add_custom_target(${name} ALL DEPENDS ${output})
  set_target_properties(${name} PROPERTIES NETWORK_FUNCTION ${output})
endfunction()

function(ringfence_add_validation_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "BASELINE;SARIF;JUNIT" "TARGETS;FILES;OPTIONS")
  if(test_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "ringfence_add_validation_test(${name}): unknown arguments: ${test_UNPARSED_ARGUMENTS}")
  endif()
  _ringfence_absolute(files "${CMAKE_CURRENT_SOURCE_DIR}" ${test_FILES})
  foreach(target IN LISTS test_TARGETS)
    set(file)
    if(TARGET ${target})
      get_target_property(file ${target} NETWORK_FUNCTION)
    endif()
    if(NOT file)
      message(FATAL_ERROR "ringfence_add_validation_test(${name}): add_network_function did not make ${target}")
    endif()
    list(APPEND files "${file}")
  endforeach()
  if(NOT files)
    message(FATAL_ERROR "ringfence_add_validation_test(${name}): neither TARGETS nor FILES")
  endif()

  set(options ${test_OPTIONS})
  if(test_BASELINE)
    _ringfence_absolute(baseline "${CMAKE_CURRENT_SOURCE_DIR}" "${test_BASELINE}")
    list(APPEND options "--baseline=${baseline}")
  endif()
  foreach(format SARIF JUNIT)
    if(test_${format})
      _ringfence_absolute(report "${CMAKE_CURRENT_BINARY_DIR}" "${test_${format}}")
      string(TOLOWER ${format} lower)
      list(APPEND options "--format=${lower}:${report}")
    endif()
  endforeach()
  if(TARGET rf-validate)
    set(validator $<TARGET_FILE:rf-validate>)
  else()
    set(validator ${RINGFENCE_VALIDATE})
  endif()
  add_test(NAME ${name} COMMAND ${validator} --source-root=${CMAKE_SOURCE_DIR} ${options} -- ${files})
endfunction()
