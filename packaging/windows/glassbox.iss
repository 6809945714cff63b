; Inno Setup 6: the Windows installer, for one user and without administrator rights.
;
;   iscc /DVersion=0.1.0 /DTree=..\..\build\tree\glassbox-cpu /DOut=..\..\dist packaging\windows\glassbox.iss
;
; Not run on the machine this was written on: see packaging/README.md.

#ifndef Version
  #error Give the version: /DVersion=0.1.0
#endif

[Setup]
AppId={{7B0F6C1E-3C55-4C6B-9C0B-6D1F2A6E5B11}
AppName=Glassbox
AppVersion={#Version}
AppPublisher=Glassbox
VersionInfoVersion={#Version}
DefaultDirName={localappdata}\Programs\Glassbox
DefaultGroupName=Glassbox
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
ChangesAssociations=yes
CloseApplications=yes
Compression=lzma2/max
SolidCompression=yes
LicenseFile=..\..\LICENSE
SetupIconFile={#Tree}\glassbox.ico
UninstallDisplayIcon={app}\glassbox.exe
OutputDir={#Out}
OutputBaseFilename=glassbox-{#Version}-windows-x86_64

[InstallDelete]
; An update leaves nothing of the version before: PyInstaller's folder is replaced as a whole.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "{#Tree}\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[Icons]
Name: "{userprograms}\Glassbox"; Filename: "{app}\glassbox.exe"; AppUserModelID: "Glassbox.Viewer"

[Registry]
; "Open with" for .dcm files and folders; an association that the user has chosen stays.
Root: HKCU; Subkey: "Software\Classes\Glassbox.dcm"; ValueType: string; ValueData: "DICOM image"; Flags: uninsdeletekey
Root: HKCU; Subkey: "Software\Classes\Glassbox.dcm\DefaultIcon"; ValueType: string; ValueData: "{app}\glassbox.exe,0"
Root: HKCU; Subkey: "Software\Classes\Glassbox.dcm\shell\open\command"; ValueType: string; ValueData: """{app}\glassbox.exe"" ""%1"""
Root: HKCU; Subkey: "Software\Classes\.dcm\OpenWithProgids"; ValueType: string; ValueName: "Glassbox.dcm"; ValueData: ""; Flags: uninsdeletevalue
Root: HKCU; Subkey: "Software\Classes\.dcm"; ValueType: string; ValueName: "Content Type"; ValueData: "application/dicom"; Flags: createvalueifdoesntexist
Root: HKCU; Subkey: "Software\Classes\Directory\shell\Glassbox"; ValueType: string; ValueData: "Open in Glassbox"; Flags: uninsdeletekey
Root: HKCU; Subkey: "Software\Classes\Directory\shell\Glassbox"; ValueType: string; ValueName: "Icon"; ValueData: "{app}\glassbox.exe,0"
Root: HKCU; Subkey: "Software\Classes\Directory\shell\Glassbox\command"; ValueType: string; ValueData: """{app}\glassbox.exe"" ""%1"""

[Run]
Filename: "{app}\glassbox.exe"; Description: "Start Glassbox"; Flags: nowait postinstall skipifsilent
